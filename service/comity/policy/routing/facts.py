"""Tests of what a request says: its issuer, the offence, the situation."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Final

from comity.domain.data_request import PersonRole
from comity.domain.truth import Truth
from comity.policy.documents.reach import OffenceTest
from comity.policy.routing import marks
from comity.policy.routing.findings import Finding, all_of, any_of, known, unknown
from comity.policy.routing.matter import Matter
from comity.policy.scalars import Duration, Unit

_DAYS_A_MONTH: Final = 30
_MONTHS: Final = {Unit.MONTHS: 1, Unit.YEARS: 12}
_LENGTHS: Final = {
    Unit.MINUTES: timedelta(minutes=1),
    Unit.HOURS: timedelta(hours=1),
    Unit.DAYS: timedelta(days=1),
    Unit.WEEKS: timedelta(weeks=1),
}


def is_authority(value: str, kinds: Iterable[str], field: str, matter: Matter) -> Finding:
    """Return whether the authority `value` of the field `field` is one of `kinds`."""
    if not value:
        return known(holds=False)
    return _is_kind("authority", value, frozenset(kinds), field, matter)


def is_from(kinds: Collection[str], matter: Matter) -> Finding:
    """Return whether one of the authorities `kinds` issued the request or validated it."""
    issuer = matter.request.authority
    return any_of(
        (
            is_authority(issuer.kind, kinds, "authority.kind", matter),
            is_authority(issuer.validated_by, kinds, "authority.validated_by", matter),
        )
    )


def is_offence(categories: Collection[str], matter: Matter) -> Finding:
    """Return whether the offence is one of `categories`."""
    named = matter.offence.categories
    if not named:
        return unknown("offence.categories")
    sought = frozenset(categories)
    return any_of(
        _is_kind("offence", value, sought, "offence.categories", matter) for value in sorted(named)
    )


def _is_kind(
    dimension: str, value: str, kinds: frozenset[str], field: str, matter: Matter
) -> Finding:
    """Return whether `value` is of `kinds`; unknown if a kind below it is."""
    lexicon = matter.law.lexicon
    if lexicon.above(dimension, value) & kinds:
        return known(holds=True)
    if lexicon.below(dimension, value) & kinds:
        return unknown(field)
    return known(holds=False)


def meets_offence(test: OffenceTest, matter: Matter) -> Finding:
    """Return whether the offence is as `test` asks."""
    offence = matter.offence
    found = []
    if test.maximum_penalty_at_least is not None:
        months, field = offence.maximum_penalty_months, "offence.maximum_penalty_months"
        found.append(
            unknown(field)
            if months is None
            else known(holds=_at_least(months, test.maximum_penalty_at_least))
        )
    if test.sentence_at_least is not None:
        sentence = offence.sentence_months
        holds = sentence is not None and _at_least(sentence, test.sentence_at_least)
        found.append(known(holds=holds))
    if test.listed:
        found.append(any_of(_is_listed(name, matter) for name in test.listed))
    if test.category:
        found.append(is_offence(test.category, matter))
    if test.committed_online is not None:
        online = offence.committed_online
        found.append(
            unknown("offence.committed_online")
            if online is None
            else known(holds=online is test.committed_online)
        )
    if test.purpose:
        found.append(has_purpose(test.purpose, matter))
    if test.any_of:
        found.append(any_of(meets_offence(inner, matter) for inner in test.any_of))
    found.extend(meets_offence(inner, matter) for inner in test.all_of)
    return all_of(found)


def _at_least(months: int, length: Duration) -> bool:
    """Return whether a penalty of `months` reaches `length`."""
    if length.unit in _MONTHS:
        return months >= length.amount * _MONTHS[length.unit]
    return timedelta(days=months * _DAYS_A_MONTH) >= length.amount * _LENGTHS[length.unit]


def _is_listed(name: str, matter: Matter) -> Finding:
    """Return whether the offence is on the list `name`, as stated or by its categories."""
    offence = matter.offence
    if name in offence.lists:
        return known(holds=True)
    listed = matter.law.offence_lists.get(name)
    if listed is not None:
        found = is_offence(listed.entries, matter)
        if found.value is not Truth.F or listed.complete:
            return found
    return unknown("offence.lists")


def has_purpose(purposes: Collection[str], matter: Matter) -> Finding:
    """Return whether the data are wanted for one of `purposes`."""
    named = matter.offence.purposes
    return known(holds=bool(named & set(purposes))) if named else unknown("offence.purposes")


def is_situation(name: str, matter: Matter) -> Finding:
    """Return whether the situation `name` holds."""
    emergency, person = matter.request.emergency, matter.request.person
    danger = emergency.danger if emergency else ""
    match name:
        case marks.THREAT_TO_LIFE:
            return known(holds=danger in ("life", "body"))
        case marks.THREAT_TO_INFRASTRUCTURE:
            return known(holds=danger == "critical_infrastructure")
        case marks.CHILD:
            return known(holds=person.child is True)
        case marks.CONSENT:
            return known(holds=person.consents is True)
        case marks.RESIDENCE_ABROAD:
            state = matter.request.authority.issuing_state
            given = person.residence
            return known(holds=given != state) if given else unknown("person.residence")
        case _:
            state = matter.request.authority.issuing_state
            return all_of(
                unknown(field) if not value else known(holds=value == state)
                for field, value in (
                    ("person.residence", person.residence),
                    ("offence.committed_in", matter.offence.committed_in),
                )
            )


def has_role(role: PersonRole, matter: Matter) -> Finding:
    """Return whether the person has the role `role`."""
    given = matter.request.person.role
    if given is PersonRole.UNKNOWN:
        return unknown("person.role")
    return known(holds=given is role)
