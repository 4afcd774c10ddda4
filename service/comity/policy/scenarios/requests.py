"""From what a scenario gives to the request for data that it makes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final

from comity.domain.data_request import (
    Authenticity,
    DataPerson,
    DataRequest,
    Emergency,
    IssuingAuthority,
    Offence,
    PersonRole,
    RequestedData,
    RequestEvent,
    SilenceOrder,
)
from comity.policy.documents.request_given import (
    OffenceGiven,
    PersonGiven,
    RequestGiven,
)
from comity.policy.scalars import Duration, Instant, Unit
from comity.policy.scenarios.names import Names

NEEDED: Final = ("instrument", "authority", "issuing_state", "asked")
NO_ACCOUNT: Final = "account_identifier"
LIFE_MONTHS: Final = 1200
MONTHS_A_YEAR: Final = 12


def request_faults(given: RequestGiven, names: Names, profiles: Collection[str]) -> Iterator[str]:
    """Yield in words why no request can be made of `given`; `profiles` are the platform's."""
    for key in NEEDED:
        if getattr(given, key) is None:
            yield f"'{key}' is missing"
    yield from names.of("instrument", (given.instrument,))
    yield from names.of("authority", (given.authority, given.validated_by))
    yield from names.place((given.issuing_state,))
    yield from names.of("data_category", (asked.category for asked in given.asked or ()))
    yield from names.of("need", given.lacking or ())
    yield from names.of("event", (event.on for event in given.events or ()))
    if given.profile is not None and given.profile not in profiles:
        yield f"'{given.profile}' is no profile of the platform"
    if given.offence is not None:
        yield from names.of("offence", given.offence.category)
        yield from names.of("offence_list", given.offence.listed)
        yield from names.place((given.offence.committed_in,))
    if given.person is not None:
        yield from names.place((given.person.residence,))
        yield from names.of("population", given.person.population)


def build_request(given: RequestGiven, received: datetime) -> DataRequest:
    """Return the request that `given`, free of faults, makes, received at `received`."""
    assert given.instrument is not None
    lacking = frozenset(given.lacking or ())
    return DataRequest(
        instrument=given.instrument,
        authority=_authority(given),
        data=tuple(
            RequestedData(asked.category, _at(asked.start), _at(asked.until))
            for asked in given.asked or ()
        ),
        received_at=received,
        account_given=NO_ACCOUNT not in lacking,
        person=_person(given.person) if given.person is not None else DataPerson(),
        offence=_offence(given.offence or OffenceGiven(), given.terms_violation),
        signed_at=_at(given.signed),
        lacking=lacking,
        emergency=_emergency(given),
        silence_order=(
            SilenceOrder(given.gag.by, _at(given.gag.until)) if given.gag is not None else None
        ),
        events=tuple(
            sorted(
                (RequestEvent(event.on, event.at.at) for event in given.events or ()),
                key=lambda event: (event.at, event.event),
            )
        ),
        profile=given.profile or "",
        order_deadline=_at(given.deadline),
    )


def _authority(given: RequestGiven) -> IssuingAuthority:
    """Return who issued the request."""
    assert given.authority is not None
    assert given.issuing_state is not None
    return IssuingAuthority(
        kind=given.authority,
        issuing_state=given.issuing_state,
        validated_by=given.validated_by or "",
        authenticity=Authenticity(given.authenticity or Authenticity.UNCHECKED),
    )


def _person(given: PersonGiven) -> DataPerson:
    """Return the person whose data are asked for."""
    return DataPerson(
        role=PersonRole(given.role),
        residence=given.residence or "",
        child=given.child,
        protected_callings=frozenset(given.calling),
        populations=frozenset(given.population),
        consents=given.consents,
    )


def _offence(given: OffenceGiven, terms_violation: bool | None) -> Offence | None:  # noqa: FBT001
    """Return the offence; None if nothing is said of it."""
    offence = Offence(
        categories=frozenset(given.category),
        maximum_penalty_months=_months(given.maximum_penalty),
        sentence_months=_months(given.sentence),
        lists=frozenset(given.listed),
        committed_online=given.committed_online,
        purposes=frozenset(given.purpose),
        terms_violation=terms_violation,
        criminal=given.criminal,
        dual_criminality=given.dual_criminality,
        linked_to_issuing_state=given.linked,
        death_penalty=given.death_penalty,
        committed_in=given.committed_in or "",
    )
    return offence if offence != Offence() else None


def _months(penalty: Duration | str | None) -> int | None:
    """Return a penalty, given in months, in years or for life, in months."""
    if penalty is None:
        return None
    if isinstance(penalty, str):
        return LIFE_MONTHS
    return penalty.amount * (MONTHS_A_YEAR if penalty.unit is Unit.YEARS else 1)


def _emergency(given: RequestGiven) -> Emergency | None:
    """Return the emergency claimed; None without one."""
    claimed = given.emergency
    if claimed is None:
        return None
    return Emergency(claimed.danger, claimed.substantiated, claimed.call_back_confirmed)


def _at(instant: Instant | None) -> datetime | None:
    return instant.at if instant is not None else None
