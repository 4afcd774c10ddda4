"""The law of data requests as findings look at it: every rule with its place in the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from comity.policy.documents.desks import DesksFile
from comity.policy.documents.jurisdictions import JurisdictionFile, PlatformFile
from comity.policy.documents.loading import Documents, Read
from comity.policy.documents.vocabulary import VocabularyFile
from comity.policy.findings.codes import Finding, RequestWitness
from comity.policy.routing.law import RequestLaw
from comity.policy.routing.provisions import RequestCheck, RequestRule
from comity.policy.yaml_nodes import Loc

RulesFile = Read[JurisdictionFile] | Read[PlatformFile]


@dataclass(frozen=True)
class RequestSection:
    """The law of data requests, with the files that it was compiled from.

    Attributes:
        law: the law.
        desks: `desks.yaml`.
        platform: `platform.yaml`.
        vocabulary: what the vocabulary says.
        reads: the files that hold rules, by path.
        rules: rules on instruments, in the order of the files.
        places: rule or check -> the file and the place in it.
        today: the day by which a request is received where a rule has no beginning.
    """

    law: RequestLaw
    desks: Read[DesksFile]
    platform: Read[PlatformFile]
    vocabulary: VocabularyFile
    reads: tuple[RulesFile, ...]
    rules: tuple[RequestRule, ...]
    places: Mapping[str, tuple[RulesFile, Loc]]
    today: date

    def find(
        self, code: str, provision_id: str, message: str, *keys: str | int,
        witness: RequestWitness | None = None,
    ) -> Finding:  # fmt: skip
        """Return a finding on a rule or check, at `keys` of it."""
        read, loc = self.places[provision_id]
        return find_in(
            read, code, provision_id, message, (*loc, *(keys or ("id",))), witness=witness
        )


def find_in(
    read: Read[JurisdictionFile] | Read[PlatformFile] | Read[DesksFile],
    code: str,
    name: str,
    message: str,
    loc: Loc,
    *,
    witness: RequestWitness | None = None,
) -> Finding:
    """Return a finding on `name` at a place of a file."""
    line, _ = read.tree.position(loc, of_key=True)
    return Finding(code, name, read.file, line, message, witness)


def request_section(law: RequestLaw, documents: Documents, today: date) -> RequestSection | None:
    """Return the law with its files; None if there is no instrument to look at."""
    platform, desks, vocabulary = documents.platform, documents.desks, documents.vocabulary
    if platform is None or desks is None or vocabulary is None or not law.instruments:
        return None
    reads: tuple[RulesFile, ...] = (
        *sorted(documents.jurisdictions, key=lambda read: read.file),
        platform,
    )
    places = {provision: (read, loc) for read in reads for provision, loc in _placed(read)}
    compiled: dict[str, RequestRule | RequestCheck] = {check.id: check for check in law.checks}
    compiled |= {rule.id: rule for listed in law.instruments.values() for rule in listed}
    rules = tuple(r for i in places if isinstance(r := compiled[i], RequestRule))
    return RequestSection(law, desks, platform, vocabulary.document, reads, rules, places, today)


def _placed(read: RulesFile) -> Iterator[tuple[str, Loc]]:
    """Yield the rules on instruments and the checks of a file, each with its place."""
    if isinstance(read.document, JurisdictionFile):
        for index, rule in enumerate(read.document.data_requests):
            yield rule.id, ("data_requests", index)
    for index, check in enumerate(read.document.checks):
        yield check.id, ("checks", index)
