"""Delivery of spans to collectors, over gRPC and HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from comity.journal import is_exported, segments_in
from comity.journal.exporting import (
    Accepted,
    Counts,
    Cursor,
    Deferred,
    open_sender,
)
from comity.journal.exporting.http_sending import HttpSender
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from unit.journal.collectors import (
    BUSY,
    COLLECTORS,
    TAKEN,
    Collected,
    Opened,
    Reply,
    http_collector,
    spans,
)
from unit.journal.exports import (
    FEW,
    RESOURCE,
    SCOPE,
    Waits,
    export,
    write,
)
from unit.journal.wires import Identity, Wire


def test_every_span_arrives_exactly_as_it_was_recorded(
    tmp_path: Path, collected: Collected
) -> None:
    """From several segments and workers: octets, order, resource and scope."""
    first, second = write(tmp_path, *range(1, 301)), write(tmp_path, *range(301, 401), worker=1)
    cursor = export(tmp_path, open_sender(collected.collector()), FEW)
    taken = collected.taken()
    assert [span for span in taken if span in first] == first
    assert [span for span in taken if span in second] == second
    assert len(taken) == 400
    for request in collected.requests:
        message = ExportTraceServiceRequest.FromString(request)
        (resource_spans,) = message.resource_spans
        assert resource_spans.resource.SerializeToString() == RESOURCE
        (scope_spans,) = resource_spans.scope_spans
        assert scope_spans.scope.SerializeToString() == SCOPE
        assert 1 <= len(scope_spans.spans) <= 40
    assert cursor.counts == Counts(delivered=400)
    assert len(segments_in(tmp_path)) > 2
    assert all(map(is_exported, segments_in(tmp_path)))


def test_what_was_exported_is_not_exported_again(tmp_path: Path, collected: Collected) -> None:
    """By a later exporter either; only what came in between."""
    write(tmp_path, 1, 2)
    export(tmp_path, open_sender(collected.collector()))
    later = write(tmp_path, 3)
    cursor = export(tmp_path, open_sender(collected.collector()))
    assert [spans(request) for request in collected.requests][1:] == [later]
    assert cursor.counts == Counts(delivered=3)


def test_a_request_is_repeated_with_the_same_octets(tmp_path: Path, collected: Collected) -> None:
    """After pauses that double, up to a bound; nothing is counted as delivered twice."""
    written = write(tmp_path, *range(1, 6))
    collected.answer_with(*[BUSY] * 9)
    waits = Waits()
    cursor = export(tmp_path, open_sender(collected.collector()), waits=waits)
    assert len(collected.requests) == 10
    assert len(set(collected.requests)) == 1
    assert waits.seconds == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert collected.taken() == written
    # UNAVAILABLE may come from somebody in between, who does not know; HTTP has 502 for that.
    repeated = 9 * 5 if collected.protocol == "grpc" else 0
    assert cursor.counts == Counts(delivered=5, repeated=repeated)


def test_pauses_begin_anew_once_a_request_was_taken(tmp_path: Path, collected: Collected) -> None:
    """What was long ago says nothing of now."""
    write(tmp_path, *range(1, 81))
    collected.answer_with(BUSY, BUSY, TAKEN, BUSY, BUSY)
    waits = Waits()
    export(tmp_path, open_sender(collected.collector()), FEW, waits)
    assert waits.seconds == [0.5, 1, 0.5, 1]


def test_a_collector_that_does_not_answer_is_asked_again(
    tmp_path: Path, collected: Collected
) -> None:
    """Once the timeout of the request is over; it may have got it."""
    write(tmp_path, 1)
    calls, over = [0], threading.Event()

    def answer(_: bytes) -> Reply:
        calls[0] += 1
        if calls[0] == 1:
            over.wait(20)
        return TAKEN

    collected.answer = answer
    waits = Waits()
    sender = open_sender(collected.collector(timeout_seconds=0.2))
    cursor = export(tmp_path, sender, waits=waits)
    over.set()
    assert waits.seconds == [0.5]
    assert cursor.counts == Counts(delivered=1, repeated=1)


def test_a_collector_is_left_alone_for_as_long_as_it_asks(
    tmp_path: Path, collected: Collected
) -> None:
    """`RetryInfo` and `Retry-After`; with some jitter on top, and never less; at most an hour."""
    write(tmp_path, 1)
    exhausted = ("RESOURCE_EXHAUSTED", 429)
    collected.answer_with(
        Reply(BUSY.code, wish=7), Reply(exhausted, wish=90), Reply(BUSY.code, 1e6)
    )
    waits = Waits()
    export(tmp_path, open_sender(collected.collector()), waits=waits)
    assert waits.seconds == [7.5, 90.5, 3600.5]
    assert len(set(collected.requests)) == 1


def test_a_date_may_say_how_long() -> None:
    """As RFC 9110 allows; what makes no sense says nothing."""
    now = datetime(2024, 9, 20, 12, 0, tzinfo=UTC)
    with http_collector() as collected:
        sender = HttpSender(collected.collector(), now=now.timestamp)
        dates = {
            format_datetime(now + timedelta(seconds=30), usegmt=True): 30.0,
            format_datetime(now - timedelta(seconds=30), usegmt=True): 0.0,
            "soon": None,
            "-1": None,
            "": None,
        }
        for text, seconds in dates.items():
            assert sender._delay(text) == seconds, text
        sender.close()


@pytest.mark.parametrize("opened", COLLECTORS, ids=["grpc", "http"])
def test_headers_and_tls(tmp_path: Path, opened: Opened) -> None:
    """A collector is trusted by its authority only, and may ask who we are."""
    identity = Identity(tmp_path, asks_for_client=True)
    with opened(identity) as collected:
        known: dict[str, Any] = {"ca": identity.ca}
        shown = {**known, "certificate": identity.certificate, "key": identity.key}
        for reached in ({}, known):
            sender = open_sender(collected.collector(**reached))
            assert isinstance(sender.send(b""), Deferred), reached
            sender.close()
        assert collected.requests == []
        sender = open_sender(collected.collector(**shown, headers=(("x-tenant", "comity"),)))
        assert sender.send(b"") == Accepted()
        sender.close()
    assert collected.headers[0]["x-tenant"] == "comity"
    if collected.protocol != "grpc":
        assert collected.headers[0]["content-type"] == "application/x-protobuf"
        assert collected.headers[0][":path"] == "/v1/traces"


@pytest.fixture
def wire(collected: Collected) -> Iterator[Wire]:
    """A wire to the collector."""
    opened = Wire(collected.address)
    yield opened
    opened.close()


def test_requests_may_be_compressed(tmp_path: Path, collected: Collected, wire: Wire) -> None:
    """Far fewer octets are sent; the same arrive."""
    written = write(tmp_path, *range(1, 51))
    collected.answer_with(BUSY)
    export(tmp_path, open_sender(collected.collector(host=wire.address, gzip=True)))
    assert 0 < wire.octets < sum(map(len, written)) / 5
    assert collected.taken() == written
    assert len(set(collected.requests)) == 1
    if collected.protocol != "grpc":
        assert [headers["content-encoding"] for headers in collected.headers] == ["gzip"] * 2
        assert len({headers["content-length"] for headers in collected.headers}) == 1


def test_a_connection_may_be_cut_in_the_middle_of_a_request(
    tmp_path: Path, collected: Collected, wire: Wire
) -> None:
    """The collector does not get it then; it is repeated."""
    written = write(tmp_path, *range(1, 51))
    wire.cut_after = 20_000

    def mend() -> bool:
        wire.cut_after = None
        time.sleep(0.02)  # gRPC doesn't connect anew at once
        return False

    waits = Waits(mend)
    cursor = export(tmp_path, open_sender(collected.collector(host=wire.address)), waits=waits)
    assert wire.connections > 1
    assert collected.taken() == written
    # It can't be told from the death of a collector that had it all.
    assert cursor.counts == Counts(delivered=50, repeated=50 * len(waits.seconds))


def test_an_idle_connection_that_was_closed_is_opened_anew() -> None:
    """At once, without a pause; a collector that is away is told from that."""
    with http_collector() as collected:
        sender = HttpSender(collected.collector())
        assert sender.send(b"") == Accepted()
        assert sender._connection.sock is not None
        sender._connection.sock.shutdown(2)
        assert sender.send(b"") == Accepted()
    assert sender.send(b"") == Deferred("ConnectionRefusedError")


def test_a_cursor_that_makes_no_sense_is_given_up(
    tmp_path: Path, collected: Collected, caplog: pytest.LogCaptureFixture
) -> None:
    """Rather everything twice than something never."""
    written = write(tmp_path, 1, 2)
    (tmp_path / "export.cursor").write_text("{}")
    assert export(tmp_path, open_sender(collected.collector())).counts == Counts(delivered=2)
    assert collected.taken() == written
    assert "damaged" in caplog.text
    assert Cursor.load(tmp_path).counts.delivered == 2
