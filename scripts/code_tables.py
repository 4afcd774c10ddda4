"""Documents of codes: tables with an example of each code out of the tests, written or checked."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml

ROOT = Path(__file__).resolve().parents[1]


class Entry(Protocol):
    """What is said of a code."""

    @property
    def level(self) -> str:
        """How much it matters."""
        ...

    @property
    def meaning(self) -> str:
        """What it says, in one sentence."""
        ...


@dataclass(frozen=True)
class CodeDocument:
    """A document that lists codes.

    Attributes:
        script: the script that writes it, relative to the project.
        path: the document, relative to the project.
        cases: directory of the test cases, relative to the project.
        line: matches a line of a case that shows a code, which is its first group.
        describe: makes the text, given an example of each code.
    """

    script: str
    path: str
    cases: str
    line: re.Pattern[str]
    describe: Callable[[Mapping[str, str]], str]

    def main(self, purpose: str | None) -> None:
        """Write the document, or check it, as the command line says.

        Raises:
            SystemExit: the document is not what would be written.
        """
        parser = argparse.ArgumentParser(description=purpose)
        parser.add_argument(
            "--check", action="store_true", help="write nothing, fail if it differs"
        )
        parser.add_argument("--document", type=Path, default=ROOT / self.path, help="the document")
        arguments = parser.parse_args()
        text = self.describe(self._examples())
        if not arguments.check:
            arguments.document.write_text(text, encoding="utf-8")
        elif arguments.document.read_text(encoding="utf-8") != text:
            message = f"{self.path} is out of date; run {self.script}"
            raise SystemExit(message)

    def _examples(self) -> dict[str, str]:
        """Return code -> the shortest line of the cases that shows it."""
        cases = [
            case
            for path in sorted((ROOT / self.cases).glob("*.yaml"))
            for case in yaml.safe_load(path.read_text(encoding="utf-8"))
        ]
        found = [self.line.match(line) for case in cases for line in case["expect"]]
        examples: dict[str, str] = {}
        for match in sorted(filter(None, found), key=lambda match: len(match.string)):
            examples.setdefault(match[1], match.string)
        return examples


def table_of(
    codes: Iterable[str], entries: Mapping[str, Entry], examples: Mapping[str, str]
) -> Iterator[str]:
    """Yield the lines of a table of `codes`, sorted."""
    yield "| code | level | meaning | for example |"
    yield "|---|---|---|---|"
    for code in sorted(codes):
        example = examples[code].replace("|", "\\|")
        yield f"| {code} | {entries[code].level} | {entries[code].meaning} | ``{example}`` |"
