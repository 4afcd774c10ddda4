"""Prohibitions and duties to carry that can meet one object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time

from comity.domain.facts import Facts
from comity.policy.findings.codes import Finding, Witness
from comity.policy.findings.moments import edges_of, moments_of
from comity.policy.findings.reasoning import Placed
from comity.policy.findings.subjects import Section
from comity.policy.findings.witnesses import Test, seek_witness
from comity.policy.reference import evaluate, masks
from comity.policy.reference.conflicts import CARRY, takes_away
from comity.policy.rules import Modality, Rule, Ruleset


def find_clashes(section: Section) -> Iterator[Finding]:
    """Yield the pairs of a duty and a prohibition that some question from today on meets both of.

    Those on which `conflicts.yaml` has ruled are left out while the ruling holds.
    """
    rules = section.ruleset.rules
    duties = [r for r in rules if r.modality is Modality.REQUIRE and r.requires == CARRY]
    prohibitions = [
        r
        for r in rules
        if r.modality is Modality.FORBID and any(map(takes_away, r.timeline.states))
    ]
    for duty in duties:
        for prohibition in prohibitions:
            if duty.text.authority == prohibition.text.authority:
                continue
            moments = _moments(duty, prohibition, section)
            yield from _clash(duty, prohibition, moments, section)


def _clash(
    duty: Rule, prohibition: Rule, moments: Sequence[datetime], section: Section
) -> Iterator[Finding]:
    """Yield that a duty and a prohibition clash, if a question shows it."""
    pairs = [
        (Placed(one, duty), Placed(other, prohibition))
        for one in duty.body
        for other in prohibition.body
    ]
    for code, both in (("CF141", True), ("CF142", False)):
        test = _clashing(duty, prohibition, section, both=both)
        for one, other in pairs:
            witness = _seek(one, other, moments, section, test, together=both)
            if witness is not None:
                where = "at one place" if both else "of different places"
                message = (
                    f"it forbids what {section.place_of(duty)} requires to be carried, {where}"
                    f"{'' if both else '; each holds at its own'}."
                )
                yield section.find(code, prohibition.id, message, witness=witness)
                return


def _seek(
    one: Placed,
    other: Placed,
    moments: Sequence[datetime],
    section: Section,
    test: Test,
    *,
    together: bool,
) -> Witness | None:
    """Return a question that meets both clauses; `together`, with both at a place of both."""
    if not together:
        return seek_witness([one, other], moments, section, test)
    for now in moments:
        here, there = (section.reasoning.places(placed, now) for placed in (one, other))
        atlas = section.ruleset.atlas
        shared = {p for p in here or there or () if there is None or atlas.lies_in(p) & there}
        shared |= {p for p in there or () if here is None or atlas.lies_in(p) & here}
        witness = seek_witness(
            [one, other], [now], section, test, places=frozenset(shared) or None
        ) or seek_witness([other, one], [now], section, test, places=frozenset(shared) or None)
        if witness is not None:
            return witness
    return None


def _clashing(duty: Rule, prohibition: Rule, section: Section, *, both: bool) -> Test:
    """Return a test that the two clash without a ruling; `both`, by persons whom both meet."""
    special = {
        rule.id: rule
        for general in (duty, prohibition)
        for rule in section.derogators.get(general.id, ())
    }
    rules = tuple({**special, duty.id: duty, prohibition.id: prohibition}.values())
    ruleset = Ruleset(
        rules, section.ruleset.lexicon, section.ruleset.atlas, section.ruleset.rulings
    )

    def test(facts: Facts, now: datetime) -> bool:
        if both:
            places = {tie.place for tie in facts.ties if tie.place}
            met = masks(ruleset, facts, now).held
            if len(places) > 1 or not met.issuperset((duty.id, prohibition.id)):
                return False
        conflicts = evaluate(ruleset, facts, now).conflicts
        return any(not c.resolved_for for c in conflicts)

    return test


def _moments(duty: Rule, prohibition: Rule, section: Section) -> list[datetime]:
    """Return instants from today on at which both are in force."""
    rules = (duty, prohibition)
    today = datetime.combine(section.today, time(0), UTC)
    edges = edges_of(rules, section.ruleset.lexicon, section.ruleset.atlas)
    coming = [today, *(edge for edge in edges if edge > today)]
    found = (now for now in moments_of(prohibition, coming) if now >= today)
    return [now for now in found if duty.timeline.state_at(now) is not None]
