"""Write docs/shapes.md, docs/edge-cases.md and docs/counsel.md from the data files beside them.

They are the shapes of the law, its edge cases, and questions on it for counsel. All are told by
rules and scenarios of policies/: a rule or scenario that is not there, or a scenario that fails, is
an error. `--check` writes nothing and fails if a document is not what would be written.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from comity.adapters.policy_directory import PolicyDirectory, PolicyDirectoryError
from comity.policy.compiling.compilation import compile_policies
from comity.policy.documents.expected import AnswerExpectation
from comity.policy.documents.scenarios import FactsScenario
from comity.policy.routing.reading import find_request_rule
from comity.policy.rules import Rule
from comity.policy.scenarios.results import Verdict
from comity.policy.scenarios.running import run_scenarios

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SHAPES, EDGE_CASES, COUNSEL = "shapes", "edge-cases", "counsel"
# Reviews that are due have no bearing on rules and scenarios.
TODAY = date(2026, 11, 24)
WRITTEN_BY = "Written by `scripts/describe_shapes.py` from `docs/{}.yaml`; `make test` checks it."
SHAPES_HEAD = """# Shapes of restrictions

What real law asks of the model, each shape with rules that have it and scenarios that show it.
"""
EDGE_CASES_HEAD = """# Edge cases

Each with what shows it and what comes of it here, in the order of the scenario. Where an answer was
first expected to be another, the last column says which, and why it is not.
"""

COUNSEL_HEAD = """# Questions for counsel

Sources leave much open. Wherever a policy file had to read one in some way, the reading is told
here, with the rules that rest on it, so that somebody with authority can confirm or correct it. A
rule's own note says more.
"""


@dataclass(frozen=True)
class Shown:
    """What the policy files hold.

    Attributes:
        rules: id -> rule.
        scenarios: (code of the file, name) -> the scenario.
        failing: those of which a question did not get the answer expected.
    """

    rules: Mapping[str, Rule]
    scenarios: Mapping[tuple[str, str], FactsScenario]
    failing: frozenset[tuple[str, str]]

    def scenario(self, code: str, name: str) -> FactsScenario:
        """Return a scenario.

        Raises:
            SystemExit: there is none, or it fails.
        """
        key = (code, name)
        if key not in self.scenarios or key in self.failing:
            state = "fails" if key in self.failing else "does not exist"
            message = f"tests/{code}_test.yaml: the scenario '{name}' {state}"
            raise SystemExit(message)
        return self.scenarios[key]

    def rule(self, rule_id: str) -> Rule:
        """Return a rule; of one that has a value for each member of a group, that of some member.

        Raises:
            SystemExit: there is none.
        """
        written = (rule for rule in self.rules.values() if rule.id.partition("#")[0] == rule_id)
        rule = self.rules.get(rule_id) or next(written, None)
        if rule is None:
            message = f"no rule has the id {rule_id}"
            raise SystemExit(message)
        return rule


def read_policies() -> Shown:
    """Compile the policy files and run their scenarios.

    Raises:
        SystemExit: the files have errors.
    """
    reading = PolicyDirectory(ROOT / "policies", settle_seconds=0).read()
    if isinstance(reading, PolicyDirectoryError):
        raise SystemExit(str(reading))
    compilation = compile_policies(reading.files, TODAY)
    bundle = compilation.bundle
    if bundle is None:
        message = "the policy files have errors; `comity policy lint` tells them"
        raise SystemExit(message)
    report = run_scenarios(bundle, compilation.documents)
    found = (find_request_rule(rule_id, bundle.requests) for rule_id in bundle.requests.texts)
    asking = {rule.id: rule for rule in found if rule is not None}
    failed = report.ended(Verdict.FAILED)
    return Shown(
        {**bundle.eligibility.by_id, **bundle.content.by_id, **asking},
        {
            (_code_of(read.file), scenario.name): scenario
            for read in compilation.documents.scenarios
            for scenario in read.document.scenarios
            if isinstance(scenario, FactsScenario)
        },
        frozenset((_code_of(result.file), result.name) for result in failed),
    )


def _code_of(file: str) -> str:
    """Return the code that a policy or scenario file is named after."""
    return PurePosixPath(file).stem.removesuffix("_test")


def describe_shapes(entries: list[Mapping[str, Any]], policies: Shown) -> str:
    """Return docs/shapes.md."""
    lines = [SHAPES_HEAD, WRITTEN_BY.format(SHAPES), "", "| | shape | rule | scenario |"]
    lines.append("|---|---|---|---|")
    for number, entry in enumerate(entries, start=1):
        for place, shown in enumerate(entry["shown"]):
            rule = policies.rule(shown["rule"])
            head = f"| {number} | {entry['shape']} |" if not place else "| | |"
            if "test" in shown:
                lines.append(f"{head} `{rule.id}` | {_link_to_test(shown['test'])} |")
                continue
            code = shown.get("in", _code_of(rule.text.file))
            policies.scenario(code, shown["scenario"])
            lines.append(f"{head} `{rule.id}` | {_link(code, shown['scenario'])} |")
    return "\n".join([*lines, ""])


def describe_edge_cases(entries: list[Mapping[str, Any]], policies: Shown) -> str:
    """Return docs/edge-cases.md."""
    lines = [EDGE_CASES_HEAD, WRITTEN_BY.format(EDGE_CASES), ""]
    lines += [
        "| | case | shown by | outcome here | another was expected |",
        "|---|---|---|---|---|",
    ]
    for entry in entries:
        told = list(_told(entry, policies))
        for place, (shown_by, outcome) in enumerate(told):
            head = f"| {entry['number']} | {entry['case']} |" if not place else "| | |"
            lines.append(f"{head} {shown_by} | {outcome} | {_other(entry) if not place else ''} |")
    return "\n".join([*lines, ""])


def describe_counsel(topics: list[Mapping[str, Any]], policies: Shown) -> str:
    """Return docs/counsel.md."""
    lines = [COUNSEL_HEAD, WRITTEN_BY.format(COUNSEL)]
    for topic in topics:
        lines += [
            "",
            f"## {topic['topic']}",
            "",
            "| question | reading taken | rules |",
            "|---|---|---|",
        ]
        for entry in topic["entries"]:
            rules = ", ".join(_link_to_rule(rule_id, policies) for rule_id in entry["rules"])
            lines.append(f"| {entry['question']} | {entry['reading'].strip()} | {rules} |")
    return "\n".join([*lines, ""])


def _link_to_rule(rule_id: str, policies: Shown) -> str:
    """Return a link to the file of a rule."""
    return f"[`{rule_id}`](../policies/{policies.rule(rule_id).text.file})"


def _told(entry: Mapping[str, Any], policies: Shown) -> Iterator[tuple[str, str]]:
    """Yield what shows an edge case, each with its outcome."""
    for shown in entry.get("shown", ()):
        scenario = policies.scenario(shown["in"], shown["scenario"])
        yield _link(shown["in"], shown["scenario"]), " → ".join(_effects(scenario))
    for test in entry.get("tests", ()):
        yield _link_to_test(test["test"]), test["outcome"]


def _effects(scenario: FactsScenario) -> Iterator[str]:
    """Yield the headlines that a scenario expects, in its order, none twice in a row."""
    answers = [scenario.expect] if scenario.expect else [*(scenario.timeline or {}).values()]
    effects = (a.effect if isinstance(a, AnswerExpectation) else str(a) for a in answers)
    yield from (effect for effect, _ in groupby(effects))


def _other(entry: Mapping[str, Any]) -> str:
    """Return which answer was expected and why it is not that one; empty if it is."""
    if "expected" not in entry:
        return ""
    return f"{entry['expected']}. {str(entry['because']).strip()}"


def _link_to_test(test: str) -> str:
    """Return a link to the test function `path::name`.

    Raises:
        SystemExit: there is none.
    """
    path, _, name = test.partition("::")
    if f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8"):
        message = f"{path}: there is no {name}"
        raise SystemExit(message)
    return f"[{name}](../{path})"


def _link(code: str, name: str) -> str:
    return f"[{name}](../policies/tests/{code}_test.yaml)"


def documents_of(docs: Path, policies: Shown) -> Iterator[tuple[Path, str]]:
    """Yield each document with what it should say, told by the data files in `docs`."""
    for name, describe in (
        (SHAPES, describe_shapes),
        (EDGE_CASES, describe_edge_cases),
        (COUNSEL, describe_counsel),
    ):
        entries = yaml.safe_load((docs / f"{name}.yaml").read_text(encoding="utf-8"))
        yield docs / f"{name}.md", describe(entries, policies)


def check_documents(docs: Path, policies: Shown) -> None:
    """Compare the documents in `docs` with what they should say.

    Raises:
        SystemExit: one says something else.
    """
    for document, text in documents_of(docs, policies):
        if document.read_text(encoding="utf-8") != text:
            message = f"docs/{document.name} is out of date; run scripts/describe_shapes.py"
            raise SystemExit(message)


def main() -> None:
    """Write the documents, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    if parser.parse_args().check:
        check_documents(DOCS, read_policies())
        return
    for document, text in documents_of(DOCS, read_policies()):
        document.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
