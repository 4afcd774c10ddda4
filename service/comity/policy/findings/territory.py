"""Orders that meet people beyond the territory of whoever made them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.policy.compiling.clauses import ANY
from comity.policy.documents.geography import GroupsFile
from comity.policy.findings.codes import Finding
from comity.policy.findings.moments import edges_of, moments_of
from comity.policy.findings.reasoning import Placed
from comity.policy.findings.subjects import Section, Written, written_id
from comity.policy.findings.witnesses import holds, seek_witness
from comity.policy.rules import Clause, Rule

# Places of which at least one lies beyond any territory.
_ELSEWHERE: Final = ("FR", "US")


@dataclass(frozen=True)
class Territory:
    """Where an authority's orders hold.

    Attributes:
        jurisdiction: canonical code of the authority's file.
        owners: territory with a code of its own -> the state that it belongs to.
        section: the rules, with the geography.
    """

    jurisdiction: str
    owners: Mapping[str, str]
    section: Section

    def holds(self, place: str, now: datetime) -> bool:
        """Return whether `place` lies in the territory at `now`."""
        atlas = self.section.ruleset.atlas
        around = set(atlas.lies_in(place))
        around |= {self.owners[code] for code in around & self.owners.keys()}
        if atlas.is_group(self.jurisdiction):
            return bool(around & atlas.members(self.jurisdiction, now))
        return self.jurisdiction in around

    def beyond(self, clause: Clause, rule: Rule, now: datetime) -> frozenset[str] | None:
        """Return the places of a clause outside the territory; None if it names no place."""
        places = self.section.reasoning.places(Placed(clause, rule), now)
        if places is None:
            return None
        return frozenset(place for place in places if not self.holds(place, now))


def find_reaching(section: Section, groups: GroupsFile) -> Iterator[Finding]:
    """Yield the rules that name no tie, or reach beyond their territory without saying why."""
    owners = {code: territory.of for code, territory in groups.own_codes.items()}
    told: set[tuple[str, str]] = set()
    for rule in section.ruleset.rules:
        if rule.jurisdiction == ANY:
            continue
        written = section.written[written_id(rule)]
        territory = Territory(rule.jurisdiction, owners, section)
        for finding in _examine(rule, written, territory, section):
            if (finding.code, written.norm.id) not in told:
                told.add((finding.code, written.norm.id))
                yield finding


def _examine(
    rule: Rule, written: Written, territory: Territory, section: Section
) -> Iterator[Finding]:
    """Yield what is odd about the reach of one rule."""
    moments = list(
        moments_of(rule, edges_of((rule,), section.ruleset.lexicon, section.ruleset.atlas))
    )[::-1]
    justified = written.norm.reach_abroad is not None
    reaches = False
    if moments and not _binds_to_territory(rule, territory, moments[0]):
        for index, clause in enumerate(rule.body):
            for finding in _examine_clause(index, clause, rule, territory, moments):
                reaches = reaches or finding.code != "CF152"
                if not justified:
                    yield finding
    if justified and moments and not reaches:
        message = "it says why it reaches abroad, but names no place beyond its territory."
        yield section.find("CF162", rule.id, message, "reach_abroad", witness=None)


def _binds_to_territory(rule: Rule, territory: Territory, now: datetime) -> bool:
    """Return whether only persons with a tie to the territory are concerned at all."""
    conditions = rule.person_conditions
    return bool(conditions) and all(
        clause.factors is not None and territory.beyond(clause, rule, now) == frozenset()
        for clause in conditions
    )


def _examine_clause(
    index: int, clause: Clause, rule: Rule, territory: Territory, moments: list[datetime]
) -> Iterator[Finding]:
    """Yield what is odd about the reach of one clause, with a person beyond whom it meets."""
    section = territory.section
    keys = ("applies_to", index)
    test = holds((rule, *section.derogators.get(rule.id, ())), section, (rule.id,))
    for now in moments:
        beyond = territory.beyond(clause, rule, now)
        body = [Placed(clause, rule)]
        if beyond is None and clause.factors is None:
            witness = seek_witness(body, [now], section, test)
            message = "it names no tie to any place, so it meets everybody in the world."
            yield section.find("CF151", rule.id, message, *keys, witness=witness)
            return
        if beyond is None or beyond:
            abroad = beyond or frozenset(p for p in _ELSEWHERE if not territory.holds(p, now))
            witness = seek_witness(body, [now], section, test, places=abroad)
            where = "any place" if beyond is None else ", ".join(sorted(beyond))
            message = (
                f"it meets people tied to {where}, beyond {rule.jurisdiction}; "
                "say why in `reach_abroad`, with the source."
            )
            yield section.find("CF161", rule.id, message, *keys, witness=witness)
            return
    if clause.factors is None and moments:
        witness = seek_witness([Placed(clause, rule)], moments, section, test)
        message = "it meets people by whatever tie they have; name the ties that the order names."
        yield section.find("CF152", rule.id, message, *keys, "connected_by", witness=witness)
