"""What findings are about: the compiled rules of a section, and each as its file writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from comity.policy.bundle import Bundle
from comity.policy.documents.jurisdictions import JurisdictionFile, PlatformFile
from comity.policy.documents.loading import Documents, Read
from comity.policy.documents.norms import ContentRule, Norm, Restriction
from comity.policy.findings.codes import Finding, Witness
from comity.policy.findings.reasoning import Reasoning
from comity.policy.rules import Rule, Ruleset
from comity.policy.yaml_nodes import Loc


@dataclass(frozen=True, slots=True)
class Written:
    """A rule as its file writes it.

    Attributes:
        norm: the rule.
        loc: its place in the file.
        read: the file.
    """

    norm: Restriction | ContentRule
    loc: Loc
    read: Read[JurisdictionFile] | Read[PlatformFile]

    def line(self, *keys: str | int) -> int:
        """Return the line of the value at `keys` of the rule, from 1."""
        line, _ = self.read.tree.position((*self.loc, *keys))
        return line


@dataclass(frozen=True)
class Section:
    """The rules that answer one kind of question, and where they were written.

    Attributes:
        name: `restrictions` or `content`.
        ruleset: the compiled rules.
        written: id as written -> the rule as its file writes it.
        today: the day on which the findings are made.
    """

    name: str
    ruleset: Ruleset
    written: Mapping[str, Written]
    today: date

    @cached_property
    def reasoning(self) -> Reasoning:
        """What can be said of clauses whatever the facts."""
        return Reasoning(self.ruleset.lexicon, self.ruleset.atlas)

    @cached_property
    def members(self) -> Mapping[str, tuple[Rule, ...]]:
        """Id as written -> the compiled rules that it stands for."""
        found: dict[str, tuple[Rule, ...]] = {}
        for rule in self.ruleset.rules:
            written = written_id(rule)
            found[written] = (*found.get(written, ()), rule)
        return found

    @cached_property
    def derogators(self) -> Mapping[str, tuple[Rule, ...]]:
        """Id -> the rules that derogate that rule."""
        found: dict[str, tuple[Rule, ...]] = {}
        for rule in self.ruleset.rules:
            for general in rule.derogates:
                found[general] = (*found.get(general, ()), rule)
        return found

    def find(
        self, code: str, rule_id: str, message: str, *keys: str | int, witness: Witness | None
    ) -> Finding:
        """Return a finding on the rule at `keys`; on its id if none is given."""
        written = self.written[rule_id.partition("#")[0]]
        line = written.line(*(keys or ("id",)))
        return Finding(code, rule_id, written.read.file, line, message, witness)

    def place_of(self, rule: Rule) -> str:
        """Return the id of a rule with its file and line."""
        return f"{rule.id} ({rule.text.file}:{rule.text.line})"


def written_id(rule: Rule) -> str:
    """Return the id under which the rule stands in its file."""
    return rule.id.partition("#")[0]


def sections_of(bundle: Bundle, documents: Documents, today: date) -> Iterator[Section]:
    """Yield the sections of a bundle."""
    files: list[Read[JurisdictionFile] | Read[PlatformFile]] = [*documents.jurisdictions]
    if documents.platform is not None:
        files.append(documents.platform)
    written = {
        norm.id: Written(norm, loc, read) for read in files for loc, norm in read.document.norms()
    }
    yield Section("restrictions", bundle.eligibility, written, today)
    yield Section("content", bundle.content, written, today)


def is_declared_idle(norm: Norm) -> bool:
    """Return whether a rule says itself that it is never in force."""
    unverified = norm.confidence == "unverified" and norm.apply_unverified is None
    return norm.legal_effect == "proposal" or unverified or not norm.in_force
