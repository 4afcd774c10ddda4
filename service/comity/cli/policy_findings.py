"""`comity policy findings`: what is odd about a whole set of policy files."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any

import typer

from comity.cli.failure import Exit
from comity.cli.policy_reading import (
    POLICIES,
    Directory,
    Json,
    Today,
    bundle_of,
    compile_files,
    day_of,
    read_files,
)

if TYPE_CHECKING:
    from comity.domain.question import Question
    from comity.policy.findings.codes import Finding, RequestWitness, Witness
    from comity.policy.findings.survey import Survey


def tell_findings(
    directory: Directory = POLICIES,
    *,
    notes: Annotated[bool, typer.Option("--notes", help="Print notes as well.")] = False,
    as_json: Json = False,
    today: Today = None,
) -> None:
    """Print what is odd about the rules of all policy files, each with a question that shows it."""
    from comity.policy.findings.survey import survey

    compilation = compile_files(read_files(directory), today)
    bundle = bundle_of(compilation)
    found = survey(bundle, compilation.documents, day_of(today))
    print(survey_as_json(found) if as_json else "\n".join(survey_lines(found, notes=notes)))
    if not found.passed:
        raise typer.Exit(Exit.FAILED)


def survey_lines(found: Survey, *, notes: bool) -> Iterator[str]:
    """Yield what was found: a line a finding, the question under it, and a summary."""
    from comity.cli.policy_reports import plural
    from comity.policy.problems import Level

    for finding in found.findings:
        if finding.level is Level.NOTE and not notes:
            continue
        yield str(finding)
        if finding.witness is not None:
            yield f"  {witness_text(finding.witness)}"
    counts = Counter(finding.level for finding in found.findings)
    told = ", ".join(plural(counts[level], level.value) for level in Level)
    hint = "; --notes shows the notes" if counts[Level.NOTE] and not notes else ""
    yield f"{told}, {len(found.waived)} waived{hint}."


def witness_text(witness: Witness | RequestWitness) -> str:
    """Return a question as `comity check` takes it, a request as `comity route` does.

    A question about content says so.
    """
    from comity.cli.request_flags import request_flags
    from comity.policy.findings import codes

    if isinstance(witness, codes.RequestWitness):
        return f"comity route {' '.join(request_flags(witness.request))}"
    flags = [f"--as-of {witness.at.astimezone(UTC).isoformat().replace('+00:00', 'Z')}"]
    flags += question_flags(witness.question)
    told = f"comity check {' '.join(flags)}"
    return told if witness.section == "restrictions" else f"content, as in {told}"


def question_flags(question: Question) -> Iterator[str]:
    """Yield the flags that ask a question."""
    from comity.domain.facts import BornBetween

    for name, value in (
        ("action", question.action),
        ("product", question.product),
        ("device", question.device),
    ):
        if value is not None:
            yield f"--{name} {shlex.quote(value)}"
    for name, values in (("item", question.items), ("purpose", question.purposes)):
        yield from (f"--{name} {value}" for value in sorted(values))
    for connection in question.connections:
        populations = ",".join(sorted(connection.populations))
        place = f"{connection.place}:{populations}" if populations else connection.place
        doubt = " (at low trust)" if connection.trust else ""
        yield f"--{connection.factor.replace('_', '-')} {place}{doubt}"
    yield from (f"--label {label.name}" for label in sorted(question.labels, key=str))
    if isinstance(question.age, BornBetween):
        yield f"--birth-date {question.age.earliest.isoformat()}"
    if question.account_created is not None:
        yield f"--account-created {question.account_created.isoformat()}"


def survey_as_json(found: Survey) -> str:
    """Return everything that was found, notes and waived findings too, as JSON."""
    counts = Counter(finding.level.value for finding in found.findings)
    told = {
        "passed": found.passed,
        "counts": {level: counts[level] for level in ("error", "warning", "note")},
        "findings": [_finding(finding) for finding in found.findings],
        "waived": [
            {
                **_finding(entry.finding),
                "reason": entry.reason,
                "expires": entry.expires.isoformat(),
            }
            for entry in found.waived
        ],
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def _finding(finding: Finding) -> Mapping[str, Any]:
    """Return a finding as JSON has it."""
    witness = witness_text(finding.witness) if finding.witness is not None else None
    return {
        "level": finding.level.value,
        "code": finding.code,
        "rule": finding.rule_id,
        "file": finding.file,
        "line": finding.line,
        "message": finding.message,
        "witness": witness,
    }
