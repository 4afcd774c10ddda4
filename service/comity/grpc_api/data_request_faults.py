"""Finds what makes no sense in an authority's request though each field is well formed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from comity.domain.errors import FieldViolation
from comity.grpc_api.contradictions import (
    find_misused_options,
    in_subject,
    out_of_order,
)
from comity.grpc_api.vocabulary import Vocabulary
from comity.v1 import data_request_service_pb2 as pb


def find_data_request_faults(
    request: pb.RouteDataRequestRequest, vocabulary: Vocabulary, now: datetime
) -> Iterator[FieldViolation]:
    """Yield contradictions in a request, and names that the policies don't know.

    Names of a dimension that the compiled vocabulary lacks are left to the use case.
    """
    yield from find_misused_options(request.options)
    yield from in_subject(request.subject, "subject.", now)
    yield from _in_times(request)
    yield from _in_data(request)
    yield from _unknown_names(request, vocabulary)


def _in_times(request: pb.RouteDataRequestRequest) -> Iterator[FieldViolation]:
    """Yield times that contradict the receipt."""
    if not request.HasField("received_at"):
        return
    received = request.received_at
    if request.HasField("signed_at") and _later(request.signed_at, received):
        yield FieldViolation("signed_at", "must not lie after received_at")
    for index, event in enumerate(request.events):
        if _later(received, event.at):
            yield FieldViolation(f"events[{index}].at", "must not lie before received_at")


def _in_data(request: pb.RouteDataRequestRequest) -> Iterator[FieldViolation]:
    """Yield categories asked for twice, and periods without an instant in them."""
    seen: set[str] = set()
    for index, data in enumerate(request.data):
        if data.category in seen:
            yield FieldViolation(f"data[{index}].category", "is asked for twice")
        seen.add(data.category)
        period = data.period
        if period.HasField("since") and period.HasField("until"):
            yield from out_of_order(period.since, period.until, f"data[{index}].period.")


def _unknown_names(
    request: pb.RouteDataRequestRequest, vocabulary: Vocabulary
) -> Iterator[FieldViolation]:
    """Yield each name that the policies don't know."""
    authority, offence, person = request.authority, request.offence, request.person
    for name, value in (
        ("authority.issuing_state", authority.issuing_state),
        ("person.residence", person.residence),
        ("offence.committed_in", offence.committed_in),
    ):
        if value:
            yield from vocabulary.place(value, name)
    populations = person.populations
    yield from vocabulary.values("population", populations, "person.populations")
    for dimension, name, value in (
        ("instrument", "instrument", request.instrument),
        ("authority", "authority.kind", authority.kind),
        ("authority", "authority.validated_by", authority.validated_by),
    ):
        if vocabulary.has(dimension):
            yield from vocabulary.value(dimension, value, name)
    for dimension, name, values in (
        ("offence", "offence.categories", offence.categories),
        ("offence_list", "offence.lists", offence.lists),
        ("need", "lacking", request.lacking),
    ):
        if vocabulary.has(dimension):
            yield from vocabulary.values(dimension, values, name)
    if vocabulary.has("data_category"):
        for index, data in enumerate(request.data):
            name = f"data[{index}].category"
            yield from vocabulary.value("data_category", data.category, name)
    if vocabulary.has("event"):
        for index, event in enumerate(request.events):
            yield from vocabulary.value("event", event.event, f"events[{index}].event")


def _later(one: Timestamp, other: Timestamp) -> bool:
    """Return whether `one` lies after `other`."""
    return (one.seconds, one.nanos) > (other.seconds, other.nanos)
