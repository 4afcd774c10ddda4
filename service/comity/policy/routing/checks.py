"""The checks of the platform and of the instrument's own jurisdiction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from comity.domain.data_request import Authenticity, PersonRole
from comity.domain.data_route import Escalation, Ground
from comity.domain.truth import Truth
from comity.policy.documents.checks import CheckCondition
from comity.policy.routing import marks
from comity.policy.routing.facts import has_role, is_from, is_offence
from comity.policy.routing.findings import Finding, all_of, any_of, known, presumed
from comity.policy.routing.hurdles import Hurdle, Level
from comity.policy.routing.matter import Matter
from comity.policy.routing.provisions import RequestCheck

PLATFORM: Final = "any"


@dataclass(frozen=True, slots=True)
class SpokenCheck:
    """A check that speaks, or that may.

    Attributes:
        check: the check.
        finding: whether its condition holds.
        hurdle: what it puts in the way; None if it redirects.
    """

    check: RequestCheck
    finding: Finding
    hurdle: Hurdle | None

    @property
    def speaks(self) -> bool:
        """Whether its condition holds for certain."""
        return self.finding.value is Truth.T

    def concerns(self, class_word: str) -> bool:
        """Return whether it concerns data of `class_word`."""
        return not self.check.terms.classes or class_word in self.check.terms.classes


def checks_on(matter: Matter, fallback_desk: str) -> tuple[SpokenCheck, ...]:
    """Return the checks whose condition holds or may hold."""
    found = []
    for check in matter.law.checks:
        if _meets(check, matter) and check.has_effect_at(matter.moment):
            finding = _holds(check.terms.when, matter)
            if finding.value is not Truth.F or finding.missing:
                found.append(SpokenCheck(check, finding, _hurdle(check, finding, fallback_desk)))
    return tuple(found)


def _meets(check: RequestCheck, matter: Matter) -> bool:
    """Return whether `check` looks at the instrument: the platform's look at all."""
    if check.jurisdiction == PLATFORM:
        return True
    if matter.rule is None:
        return False
    return (matter.rule.jurisdiction == check.jurisdiction) is not check.forbids_abroad


def _hurdle(check: RequestCheck, finding: Finding, fallback_desk: str) -> Hurdle | None:
    """Return what a check puts in the way."""
    terms = check.terms
    if finding.value is Truth.F:
        return None
    if finding.value is Truth.U:
        text = f"Unknown is what this check asks: {terms.title}."
        ground = Ground("AMBIGUOUS", text, "State it.", check.id)
        return Hurdle(Level.CATEGORY_LACKS, ground, missing=finding.missing)
    desk = terms.desk or fallback_desk
    ground = Ground(terms.code, f"{terms.title}.", rule_id=check.id)
    match terms.outcome:
        case "refuse":
            level = Level.REFUSE_CATEGORY if terms.classes else Level.REFUSE_REQUEST
            return Hurdle(level, ground)
        case "escalate":
            cure = Ground(terms.code, ground.text, f"The desk {desk} decides.", check.id)
            escalation = Escalation(desk, terms.code, ground.text)
            return Hurdle(Level.ESCALATE, cure, escalation)
        case "need_information":
            return Hurdle(Level.REQUEST_LACKS, ground, missing=finding.missing)
        case "redirect":
            return None


def _holds(when: CheckCondition, matter: Matter) -> Finding:
    """Return whether the condition of a check holds.

    Parts of it are looked at until one fails for certain, whatever is not known.
    """
    found: list[Finding] = []
    for finding in _parts(when, matter):
        if finding.value is Truth.F and not finding.missing:
            return finding
        found.append(finding)
    return all_of(found)


def _parts(when: CheckCondition, matter: Matter) -> Iterator[Finding]:
    """Yield whether each part of a condition holds."""
    offence = matter.offence
    if when.instrument:
        yield known(holds=matter.request.instrument in when.instrument)
    yield from _of_issuer(when, matter)
    if when.request:
        yield any_of(_REQUEST_MARKS[mark](matter) for mark in when.request)
    if when.person:
        yield any_of(_has_person_mark(mark, matter) for mark in when.person)
    if when.offence:
        yield is_offence(when.offence, matter)
    if when.penalty:
        yield known(holds=offence.death_penalty is True)
    if when.link:
        linked, field = offence.linked_to_issuing_state, "offence.linked_to_issuing_state"
        yield presumed(field, holds=False) if linked is None else known(holds=not linked)
    if when.dual_criminality is not None:
        dual = offence.dual_criminality
        yield (
            presumed("offence.dual_criminality", holds=when.dual_criminality)
            if dual is None
            else known(holds=dual is when.dual_criminality)
        )
    if when.residence:
        yield _lives_in(when.residence, matter)


def _of_issuer(when: CheckCondition, matter: Matter) -> Iterator[Finding]:
    """Yield whether the request comes from where, and from whom, the condition says."""
    if when.issuing_states:
        yield known(holds=matter.is_issued_in(when.issuing_states))
    if when.issued_outside:
        yield known(holds=not matter.is_issued_in(when.issued_outside))
    if when.issued_by:
        yield is_from(when.issued_by, matter)
    if when.not_issued_by:
        yield known(holds=is_from(when.not_issued_by, matter).value is not Truth.T)


def _lives_in(places: Collection[str], matter: Matter) -> Finding:
    """Return whether the person lives in one of `places`; presumed not, if that is not known."""
    residence = matter.request.person.residence
    if not residence:
        return presumed("person.residence", holds=False)
    return known(holds=matter.is_in(residence, places))


def _is_unverified(matter: Matter) -> Finding:
    """Return whether the request was looked at and not confirmed."""
    emergency = matter.request.emergency
    failed = emergency is not None and emergency.call_back_confirmed is False
    unconfirmed = matter.request.authority.authenticity is Authenticity.UNCONFIRMED
    return known(holds=failed or unconfirmed)


def _is_civil(matter: Matter) -> Finding:
    """Return whether the matter is civil: as stated, or by who issued the request."""
    issuer = matter.law.lexicon.above("authority", matter.request.authority.kind)
    return known(holds=matter.offence.criminal is False or "civil_party" in issuer)


def _hunts_source(matter: Matter) -> Finding:
    """Return whether the data are wanted to find a source; presumed not."""
    purposes = matter.offence.purposes
    return known(holds="trace_source" in purposes)


_REQUEST_MARKS: Final[Mapping[str, Callable[[Matter], Finding]]] = {
    marks.FORGED: lambda m: known(holds=m.request.authority.authenticity is Authenticity.FORGED),
    marks.UNVERIFIED: _is_unverified,
    marks.UNTRANSLATED: lambda m: known(holds="translation" in m.request.lacking),
    marks.CIVIL: _is_civil,
    marks.BULK: lambda m: has_role(PersonRole.GROUP, m),
    marks.SOURCE_HUNT: _hunts_source,
}


def _has_person_mark(mark: str, matter: Matter) -> Finding:
    """Return whether the person has `mark`: a calling, a role, a population, or is a child."""
    person = matter.request.person
    if mark in marks.CALLINGS:
        return known(holds=mark in person.protected_callings)
    if mark in marks.ROLES:
        return has_role(PersonRole(mark), matter)
    if mark == marks.CHILD:
        return known(holds=person.child is True)
    lexicon = matter.law.lexicon
    above = (lexicon.above("population", population) for population in person.populations)
    return known(holds=any(mark in kinds for kinds in above))
