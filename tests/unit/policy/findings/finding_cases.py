"""Cases of rules taken together: what differs from the files in `base`, and what is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from textwrap import indent

import yaml
from comity.cli.policy_findings import survey_lines
from comity.policy.compiling.compilation import compile_policies
from comity.policy.findings.survey import Survey, survey

HERE = Path(__file__).parent
TODAY = date(2026, 1, 1)
UA = "jurisdictions/ua.yaml"
BASE = {
    path.relative_to(HERE / "base").as_posix(): path.read_bytes()
    for path in sorted((HERE / "base").rglob("*.yaml"))
}


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        name: what is odd, or is not.
        expect: what is told: each finding as a line, and its question under it.
        rules: further restrictions of the Ukrainian file.
        files: file -> its whole text.
    """

    name: str
    expect: tuple[str, ...]
    rules: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    def build(self) -> dict[str, bytes]:
        """Return the files of the case."""
        built = BASE | {file: text.encode() for file, text in self.files.items()}
        built[UA] += indent(self.rules, "  ").encode()
        return built

    def survey(self) -> Survey:
        """Return what is found."""
        compilation = compile_policies(self.build(), TODAY)
        assert compilation.bundle is not None, [str(p) for p in compilation.problems]
        return survey(compilation.bundle, compilation.documents, TODAY)

    def told(self) -> tuple[str, ...]:
        """Return what is told, without the summary."""
        return tuple(survey_lines(self.survey(), notes=True))[:-1]


def load_cases() -> list[Case]:
    """Return the cases of all case files."""
    return [
        Case(**{**case, "expect": tuple(case["expect"])})
        for path in sorted((HERE / "cases").glob("*.yaml"))
        for case in yaml.safe_load(path.read_text())
    ]
