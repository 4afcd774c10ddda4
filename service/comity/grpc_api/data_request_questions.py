"""Turns authorities' requests into values of the domain."""

from __future__ import annotations

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
from comity.grpc_api.requests import instant_in, instant_of
from comity.v1 import data_request_service_pb2 as pb

_AUTHENTICITIES = {
    pb.AUTHENTICITY_UNSPECIFIED: Authenticity.UNCHECKED,
    pb.AUTHENTICITY_VERIFIED: Authenticity.VERIFIED,
    pb.AUTHENTICITY_UNCONFIRMED: Authenticity.UNCONFIRMED,
    pb.AUTHENTICITY_FORGED: Authenticity.FORGED,
}
_ROLES = {
    pb.PERSON_ROLE_UNSPECIFIED: PersonRole.UNKNOWN,
    pb.PERSON_ROLE_SUSPECT: PersonRole.SUSPECT,
    pb.PERSON_ROLE_WITNESS: PersonRole.WITNESS,
    pb.PERSON_ROLE_VICTIM: PersonRole.VICTIM,
    pb.PERSON_ROLE_MISSING: PersonRole.MISSING,
    pb.PERSON_ROLE_GROUP: PersonRole.GROUP,
}


def data_request_of(request: pb.RouteDataRequestRequest) -> DataRequest:
    """Return an authority's request; the subject only counts as given or not."""
    events = [RequestEvent(event.event, instant_of(event.at)) for event in request.events]
    return DataRequest(
        instrument=request.instrument,
        authority=IssuingAuthority(
            kind=request.authority.kind,
            issuing_state=request.authority.issuing_state,
            validated_by=request.authority.validated_by,
            authenticity=_AUTHENTICITIES[request.authority.authenticity],
        ),
        data=tuple(map(_data_of, request.data)),
        received_at=instant_of(request.received_at),
        account_given=bool(request.subject.account_id or request.subject.phone_number),
        person=_person_of(request.person),
        offence=_offence_of(request.offence) if request.HasField("offence") else None,
        signed_at=instant_in(request, "signed_at"),
        lacking=frozenset(request.lacking),
        emergency=_emergency_of(request.emergency) if request.HasField("emergency") else None,
        silence_order=(
            SilenceOrder(
                request.silence_order.ordered_by, instant_in(request.silence_order, "until")
            )
            if request.HasField("silence_order")
            else None
        ),
        events=tuple(sorted(events, key=lambda event: (event.at, event.event))),
        profile=request.profile,
        order_deadline=instant_in(request, "order_deadline"),
    )


def _data_of(data: pb.RequestedData) -> RequestedData:
    """Return a category asked for."""
    period = data.period
    return RequestedData(data.category, instant_in(period, "since"), instant_in(period, "until"))


def _person_of(person: pb.DataPerson) -> DataPerson:
    """Return what is known of the person."""
    return DataPerson(
        role=_ROLES[person.role],
        residence=person.residence,
        child=person.child if person.HasField("child") else None,
        protected_callings=frozenset(person.protected_callings),
        populations=frozenset(person.populations),
        consents=person.consents if person.HasField("consents") else None,
    )


def _offence_of(offence: pb.Offence) -> Offence:
    """Return what is known of the offence."""

    def known(field: str) -> bool | None:
        return bool(getattr(offence, field)) if offence.HasField(field) else None  # type: ignore[arg-type]

    def months(field: str) -> int | None:
        return int(getattr(offence, field)) if offence.HasField(field) else None  # type: ignore[arg-type]

    return Offence(
        categories=frozenset(offence.categories),
        maximum_penalty_months=months("maximum_penalty_months"),
        sentence_months=months("sentence_months"),
        lists=frozenset(offence.lists),
        committed_online=known("committed_online"),
        purposes=frozenset(offence.purposes),
        terms_violation=known("terms_violation"),
        criminal=known("criminal"),
        dual_criminality=known("dual_criminality"),
        linked_to_issuing_state=known("linked_to_issuing_state"),
        death_penalty=known("death_penalty"),
        committed_in=offence.committed_in,
    )


def _emergency_of(emergency: pb.Emergency) -> Emergency:
    """Return the emergency claimed."""
    confirmed = emergency.HasField("call_back_confirmed")
    return Emergency(
        danger=emergency.danger,
        substantiated=emergency.substantiated if emergency.HasField("substantiated") else None,
        call_back_confirmed=emergency.call_back_confirmed if confirmed else None,
    )
