"""Finds what makes no sense in a question though each field for itself is well formed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from comity.app.ports.ip_address import MalformedAddressError, parse_address
from comity.domain.errors import FieldViolation
from comity.v1 import common_pb2, facts_pb2

EARLIEST_BIRTH: Final = date(1850, 1, 1)
# Somewhere it is already tomorrow: UTC+14 is the furthest ahead of all zones.
FURTHEST_AHEAD: Final = timedelta(hours=14)
SERVER_SOURCES: Final = frozenset({"geoip", "phone", "directory", "derived", "open", "null"})


def find_contradictions(
    subject: facts_pb2.Subject, facts: facts_pb2.Facts, path: str, now: datetime
) -> Iterator[FieldViolation]:
    """Yield what makes no sense in a question; `path` leads to its message and ends with a dot."""
    yield from beside_subject(subject, facts, path, now)
    held = {label.name for label in facts.labels}
    yield from _both(facts.labels_absent, held, f"{path}facts.labels_absent", "labels")
    for index, connection in enumerate(facts.connections):
        yield from _in_connection(connection, f"{path}facts.connections[{index}].")


def beside_subject(
    subject: facts_pb2.Subject, facts: facts_pb2.Facts, path: str, now: datetime
) -> Iterator[FieldViolation]:
    """Yield what makes no sense in the subject of a question, or in its facts beside that."""
    yield from in_subject(subject, f"{path}subject.", now)
    yield from _in_unknown(subject, facts, f"{path}facts.")


def in_subject(subject: facts_pb2.Subject, path: str, now: datetime) -> Iterator[FieldViolation]:
    """Yield what makes no sense in who is asked about, without repeating it.

    `path` leads to the subject and ends with a dot.
    """
    if subject.ip_address:
        try:
            parse_address(subject.ip_address)
        except MalformedAddressError as error:
            yield FieldViolation(f"{path}ip_address", str(error))
    today = (now + FURTHEST_AHEAD).date()
    if subject.birth_date:
        try:
            birth = date.fromisoformat(subject.birth_date)
        except ValueError:
            yield FieldViolation(f"{path}birth_date", "is no day of the calendar")
        else:
            if not EARLIEST_BIRTH <= birth <= today:
                yield FieldViolation(f"{path}birth_date", "must lie from 1850-01-01 to today")
    if subject.birth_year > today.year:
        yield FieldViolation(f"{path}birth_year", "must not lie after the present year")


def _in_unknown(
    subject: facts_pb2.Subject, facts: facts_pb2.Facts, path: str
) -> Iterator[FieldViolation]:
    """Yield facts that are neither given nor unknown though they must be, or both."""
    given = {
        "action": bool(facts.action),
        "product": bool(facts.product),
        "device": bool(facts.device),
        "age": subject.WhichOneof("birth") is not None,
        "account_created": subject.HasField("account_created"),
    }
    listed = [unknown.dimension for unknown in facts.unknown]
    for needed in ("action", "product"):
        if not given[needed] and needed not in listed:
            description = f"must be given, or '{needed}' be listed in unknown with the reason"
            yield FieldViolation(f"{path}{needed}", description)
    for index, dimension in enumerate(listed):
        where = f"{path}unknown[{index}].dimension"
        if dimension in listed[:index]:
            yield FieldViolation(where, "is listed twice")
        elif given.get(dimension, False):
            yield FieldViolation(where, f"'{dimension}' is given, so it can't be unknown")


def _in_connection(connection: facts_pb2.Connection, path: str) -> Iterator[FieldViolation]:
    """Yield what makes no sense in a connection."""
    absent, here = connection.populations_absent, set(connection.populations)
    yield from _both(absent, here, f"{path}populations_absent", "populations")
    if connection.source in SERVER_SOURCES:
        description = "is a source of the server's own; name the caller's source or leave it out"
        yield FieldViolation(f"{path}source", description)
    if connection.HasField("since") and connection.HasField("until"):
        yield from out_of_order(connection.since, connection.until, path)


def _both(
    absent: Collection[str], held: Collection[str], path: str, other: str
) -> Iterator[FieldViolation]:
    """Yield the entries of `absent` that are also held."""
    for index, name in enumerate(absent):
        if name in held:
            yield FieldViolation(f"{path}[{index}]", f"is also in {other}")


def out_of_order(since: Timestamp, until: Timestamp, path: str) -> Iterator[FieldViolation]:
    """Yield a violation if an interval has no instant in it."""
    if (until.seconds, until.nanos) <= (since.seconds, since.nanos):
        yield FieldViolation(f"{path}until", "must lie after since")


def find_misused_options(options: common_pb2.Options) -> Iterator[FieldViolation]:
    """Yield options that a call without facts doesn't take."""
    if options.explain_missing:
        description = "is only for CheckEligibility and BatchCheckEligibility"
        yield FieldViolation("options.explain_missing", description)
