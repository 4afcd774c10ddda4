"""All findings over a set of policy files, those let stand set apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from comity.policy.bundle import Bundle
from comity.policy.documents.loading import Documents
from comity.policy.documents.waivers import WaiverValue
from comity.policy.findings.clashes import find_clashes
from comity.policy.findings.codes import Finding
from comity.policy.findings.doubts import find_questioning
from comity.policy.findings.exceptions import find_idle_derogations, find_idle_exceptions
from comity.policy.findings.firing import find_unmet, why_unmet
from comity.policy.findings.kinds import find_empty_kinds
from comity.policy.findings.request_reach import (
    find_idle_checks,
    find_idle_profiles,
    find_unreaching,
    find_unruled,
)
from comity.policy.findings.request_subjects import RequestSection, request_section
from comity.policy.findings.request_terms import (
    find_idle_clocks,
    find_idle_desks,
    find_undoable,
    find_unmanned,
    find_unstarted,
)
from comity.policy.findings.shadows import find_shadowed
from comity.policy.findings.subjects import Section, sections_of
from comity.policy.findings.territory import find_reaching
from comity.policy.problems import Level


@dataclass(frozen=True, slots=True)
class Waived:
    """A finding that is let stand.

    Attributes:
        finding: the finding.
        reason: why.
        expires: first day on which it counts again.
    """

    finding: Finding
    reason: str
    expires: date


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found.

    Attributes:
        findings: what stands open, in file order.
        waived: what is let stand, in file order.
    """

    findings: tuple[Finding, ...]
    waived: tuple[Waived, ...]

    @property
    def passed(self) -> bool:
        """Whether neither an error nor a warning stands open."""
        return all(finding.level is Level.NOTE for finding in self.findings)


def survey(bundle: Bundle, documents: Documents, today: date) -> Survey:
    """Return everything that is odd about the rules of `bundle`, compiled from `documents`.

    `today` is the day by which waivers expire, and from which on clashes and questions count.
    """
    found: list[Finding] = []
    for section in sections_of(bundle, documents, today):
        found.extend(_collapse(_find(section, documents), section))
    found.extend(_find_in_requests(request_section(bundle.requests, documents, today)))
    return _waive(found, documents, today)


def _find(section: Section, documents: Documents) -> Iterator[Finding]:
    """Yield every finding on the rules of one section."""
    unmet = frozenset(
        rule.id for rule in section.ruleset.rules if why_unmet(rule, section) is not None
    )
    yield from find_unmet(section)
    yield from find_empty_kinds(section, unmet)
    yield from find_shadowed(section, unmet)
    yield from find_idle_exceptions(section, unmet)
    yield from find_idle_derogations(section, unmet)
    yield from find_clashes(section)
    if documents.groups is not None:
        yield from find_reaching(section, documents.groups.document)
    yield from find_questioning(section)


def _find_in_requests(section: RequestSection | None) -> Iterator[Finding]:
    """Yield every finding on the law of data requests."""
    if section is None:
        return
    yield from find_unreaching(section)
    yield from find_idle_desks(section)
    yield from find_undoable(section)
    yield from find_unmanned(section)
    yield from find_unstarted(section)
    yield from find_idle_clocks(section)
    yield from find_idle_checks(section)
    yield from find_idle_profiles(section)
    yield from find_unruled(section)


def _collapse(findings: Iterator[Finding], section: Section) -> Iterator[Finding]:
    """Yield the findings; what holds of every member of a rule is told once, of the rule."""
    by_place: dict[tuple[str, str, int], list[Finding]] = {}
    for finding in findings:
        by_place.setdefault((finding.code, finding.file, finding.line), []).append(finding)
    for alike in by_place.values():
        rule_id = alike[0].rule_id.partition("#")[0]
        members = {rule.id for rule in section.members.get(rule_id, ())}
        if len(members) > 1 and {finding.rule_id for finding in alike} == members:
            yield replace(alike[0], rule_id=rule_id)
        else:
            yield from alike


def _waive(found: Sequence[Finding], documents: Documents, today: date) -> Survey:
    """Return the findings, those set apart that a waiver names, and those on the waivers."""
    read = documents.waivers
    waivers = read.document.waivers if read is not None else ()
    standing = [waiver for waiver in waivers if today < waiver.expires.date]
    waived = [
        Waived(finding, waiver.reason, waiver.expires.date)
        for finding in found
        if (waiver := _waiver_of(finding, standing)) is not None
    ]
    set_apart = {id(entry.finding) for entry in waived}
    left = [finding for finding in found if id(finding) not in set_apart]
    if read is not None:
        for index, waiver in enumerate(waivers):
            line, _ = read.tree.position(("waivers", index, "rule"))
            code, message = _odd_waiver(waiver, found, today)
            if code:
                left.append(Finding(code, waiver.rule, read.file, line, message))
    return Survey(
        tuple(sorted(left, key=_order)),
        tuple(sorted(waived, key=lambda entry: _order(entry.finding))),
    )


def _waiver_of(finding: Finding, waivers: Sequence[WaiverValue]) -> WaiverValue | None:
    """Return the waiver that lets `finding` stand."""
    return next((waiver for waiver in waivers if _names(waiver, finding)), None)


def _names(waiver: WaiverValue, finding: Finding) -> bool:
    """Return whether `waiver` is of `finding`."""
    return waiver.code == finding.code and waiver.rule == finding.rule_id.partition("#")[0]


def _odd_waiver(waiver: WaiverValue, found: Sequence[Finding], today: date) -> tuple[str, str]:
    """Return the code and the message of what is odd about a waiver; empty if nothing is."""
    if not any(_names(waiver, finding) for finding in found):
        return "CF182", f"there is no finding {waiver.code} on this rule; remove the waiver."
    if today >= waiver.expires.date:
        return "CF181", f"the waiver of {waiver.code} expired on {waiver.expires.text}."
    return "", ""


def _order(finding: Finding) -> tuple[str, int, str, str, str]:
    """Return the order in which findings are told."""
    return (finding.file, finding.line, finding.code, finding.rule_id, finding.message)
