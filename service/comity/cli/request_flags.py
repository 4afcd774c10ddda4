"""A request for data as the flags of `comity route`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comity.domain.data_request import Offence

if TYPE_CHECKING:
    from comity.domain.data_request import DataPerson, DataRequest


def request_flags(request: DataRequest) -> Iterator[str]:
    """Yield the flags that put a request."""
    authority, offence, person = request.authority, request.offence or Offence(), request.person
    yield f"--instrument {request.instrument}"
    yield f"--authority {authority.kind} --state {authority.issuing_state}"
    if authority.validated_by:
        yield f"--validated-by {authority.validated_by}"
    for flag, instant in (("received", request.received_at), ("signed", request.signed_at)):
        if instant is not None:
            yield f"--{flag} {_instant(instant)}"
    for data in request.data:
        yield f"--data {data.category}"
        yield from (f"--since {_instant(at)}" for at in (data.since,) if at is not None)
        yield from (f"--until {_instant(at)}" for at in (data.until,) if at is not None)
    yield f"--account any --role {person.role.value}"
    yield from (f"--offence {name}" for name in sorted(offence.categories))
    if offence.maximum_penalty_months is not None:
        yield f"--penalty {offence.maximum_penalty_months}"
    if request.emergency is not None:
        yield f"--emergency {request.emergency.danger}"
        yield "--set emergency.substantiated=true --set emergency.call_back_confirmed=true"
    told = {
        "person.residence": person.residence,
        "offence.sentence_months": offence.sentence_months,
        "offence.committed_in": offence.committed_in,
        **{name: "true" for name in ("person.child", "person.consents") if _is_true(name, person)},
    }
    if offence.committed_online is not None:
        told["offence.committed_online"] = str(offence.committed_online).lower()
    yield from (f"--set {name}={value}" for name, value in told.items() if value)
    for name, values in (("lists", offence.lists), ("purposes", offence.purposes)):
        yield from (f"--set offence.{name}={value}" for value in sorted(values))


def _is_true(path: str, person: DataPerson) -> bool:
    """Return whether something is known to be so of a person."""
    return getattr(person, path.partition(".")[2]) is True


def _instant(instant: datetime) -> str:
    """Return an instant as flags take it."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
