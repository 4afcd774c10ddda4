"""Instruments that reach nothing, checks that look at none, and laws that clash with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from comity.domain.data_request import DataRequest
from comity.domain.truth import Truth
from comity.policy.documents.reach import ReachRow
from comity.policy.findings.codes import Finding, RequestWitness
from comity.policy.findings.request_candidates import Candidates
from comity.policy.findings.request_subjects import RequestSection, find_in
from comity.policy.routing.provisions import RequestCheck, RequestRule
from comity.policy.routing.reach import row_finding
from comity.policy.routing.router import route_request
from comity.policy.routing.selection import select_matter


def find_unreaching(section: RequestSection) -> Iterator[Finding]:
    """Yield the instruments by which nothing can be had, and the rows that open nothing.

    A rule that never has an effect is not looked at: it says so itself.
    """
    for rule in section.rules:
        if not rule.spans:
            continue
        rows = rule.terms.reach
        idle = [index for index, row in enumerate(rows) if not _opens(row, rule, section)]
        if len(idle) == len(rows):
            why = _why_nothing(rule, section)
            witness = RequestWitness(Candidates(rule, section).nearest(rows[0]))
            yield section.find("CF201", rule.id, why, "reach", witness=witness)
            continue
        for index in idle:
            message = (
                "no request meets this row: what it asks can't come together, or nothing of its "
                "classes is held."
            )
            witness = RequestWitness(Candidates(rule, section).nearest(rows[index]))
            yield section.find("CF202", rule.id, message, "reach", index, witness=witness)


def _opens(row: ReachRow, rule: RequestRule, section: RequestSection) -> bool:
    """Return whether some request meets a row."""
    for asked in Candidates(rule, section).for_row(row):
        matter = select_matter(asked, section.law, asked.received_at)
        if row_finding(row, asked.data[0], matter).whole.value is Truth.T:
            return True
    return False


def _why_nothing(rule: RequestRule, section: RequestSection) -> str:
    """Return why no request meets an instrument."""
    if Candidates(rule, section).issuing_state is None:
        return "no state may issue the instrument: nothing is ever asked by it."
    return (
        "no request meets any of its rows: what they ask can't come together, or nothing of their "
        "classes is held."
    )


def find_idle_checks(section: RequestSection) -> Iterator[Finding]:
    """Yield the checks of jurisdictions that have no instrument to look at."""
    issued = {rule.jurisdiction for rule in section.rules}
    platform = section.platform.document.jurisdiction
    for check in section.law.checks:
        if check.jurisdiction == platform:
            continue
        if not (
            issued - {check.jurisdiction} if check.forbids_abroad else issued & {check.jurisdiction}
        ):
            whose = "another jurisdiction" if check.forbids_abroad else check.jurisdiction
            message = f"there is no instrument of {whose} for it to look at."
            yield section.find("CF208", check.id, message)


def find_idle_profiles(section: RequestSection) -> Iterator[Finding]:
    """Yield the profiles that are in use at no time."""
    used = {use.name for use in section.law.profiles}
    for name in section.platform.document.profiles:
        if name not in used:
            message = "it is never in use; a request is judged by it only if it names it."
            loc = ("profiles", name)
            yield find_in(section.platform, "CF209", name, message, loc)


def find_unruled(section: RequestSection) -> Iterator[Finding]:
    """Yield the instruments that clash with a law of another authority, each with a request."""
    for check in section.law.checks:
        if not check.forbids_abroad or not check.spans:
            continue
        for rule in section.rules:
            witness = _clashing(check, rule, section) if rule.spans else None
            if witness is not None:
                message = (
                    f"it forbids what {rule.id} of {rule.jurisdiction} asks for; the data wait for "
                    f"a person each time, until conflicts.yaml prefers one of the two."
                )
                yield section.find("CF211", check.id, message, witness=RequestWitness(witness))


def _clashing(
    check: RequestCheck, rule: RequestRule, section: RequestSection
) -> DataRequest | None:
    """Return a request over which the two clash, and nobody has ruled; None if there is none."""
    places = [*_residents(check, section), ""]
    for asked in Candidates(rule, section):
        for place in places:
            living = replace(asked, person=replace(asked.person, residence=place))
            route = route_request(living, section.law, living.received_at)
            for conflict in route.conflicts:
                if conflict.forbid_rule_id == check.id and not conflict.resolved_for:
                    return living
    return None


def _residents(check: RequestCheck, section: RequestSection) -> Iterator[str]:
    """Yield a country for each place in which the person must live for `check` to speak."""
    atlas = section.law.atlas
    for name in check.terms.when.residence:
        code = atlas.canonical(name)
        if not atlas.is_group(code):
            yield code
            continue
        current = (
            p for p, spans in atlas.groups[code].items() if any(s.end is None for s in spans)
        )
        yield from sorted(current)[:1]
