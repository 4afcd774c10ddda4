"""One jurisdiction's file, compiled together with the shipped vocabulary and geography."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from textwrap import dedent, indent

from comity.policy.bundle import Bundle
from comity.policy.compiling.compilation import Compilation, compile_policies
from comity.policy.problems import Problem
from comity.policy.rules import Rule

POLICIES = Path(__file__).parents[4] / "policies"
SHARED = ("vocabulary", "groups", "desks", "conflicts", "platform")
TODAY = date(2026, 11, 24)
SCENARIOS = b"scenarios:\n  - {name: none, given: {at: 2024-01-01T00:00:00Z}, expect: allow}\n"
MANDATORY = dedent("""\
    authority: An authority
    source: {title: A source}
    recorded_at: 2024-01-15
    """)


@cache
def _shared() -> dict[str, bytes]:
    """Return the shipped files that every directory needs, and the lists."""
    names = [f"{name}.yaml" for name in SHARED]
    names += [str(p.relative_to(POLICIES)) for p in sorted((POLICIES / "lists").glob("*.yaml"))]
    return {name: (POLICIES / name).read_bytes() for name in names}


def compile_file(
    rules: str, *, code: str = "UA", zone: str = "Europe/Kyiv", section: str = "restrictions"
) -> Compilation:
    """Return the compilation of a file whose `section` holds `rules`, in YAML."""
    text = f"jurisdiction: {code}\ntimezone: {zone}\n{section}:\n{indent(dedent(rules), '  ')}"
    stem = code.lower()
    files = {f"jurisdictions/{stem}.yaml": text.encode(), f"tests/{stem}_test.yaml": SCENARIOS}
    return compile_policies({**_shared(), **files}, TODAY)


def problems_of(compilation: Compilation) -> list[Problem]:
    """Return the problems of jurisdictions' files."""
    return [problem for problem in compilation.problems if "/" in problem.file]


def bundle_of(compilation: Compilation) -> Bundle:
    """Return the bundle, which must be there."""
    assert compilation.bundle is not None, [str(problem) for problem in compilation.problems]
    return compilation.bundle


def rules_of(compilation: Compilation) -> dict[str, Rule]:
    """Return the compiled restrictions by id."""
    return dict(bundle_of(compilation).eligibility.by_id)


def rule_text(keys: str, *, rule_id: str = "a-rule") -> str:
    """Return one rule in YAML with the given keys and everything that every rule must have."""
    return f"- id: {rule_id}\n  title: A rule\n" + indent(dedent(keys) + MANDATORY, "  ")


def at(text: str) -> datetime:
    """Return an instant in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
