"""Delivery of spans to collectors, over gRPC and HTTP."""

from __future__ import annotations

import json
import logging
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
    BatchLimits,
    Counts,
    Cursor,
    Deferred,
    ExportOptions,
    Refused,
    dead_letters,
    open_sender,
)
from comity.journal.exporting.http_sending import HttpSender
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from unit.journal.collectors import (
    BAD,
    BUSY,
    COLLECTORS,
    DENIED,
    TAKEN,
    TOO_LONG,
    Collected,
    Identity,
    Opened,
    Reply,
    Wire,
    fields,
    grpc_collector,
    http_collector,
    spans,
    varint,
)
from unit.journal.exports import RESOURCE, SCOPE, Waits, export, open_journal, otlp_span, write

FEW = ExportOptions(BatchLimits(most_spans=40))


@pytest.fixture(params=COLLECTORS, ids=["grpc", "http"])
def collected(request: pytest.FixtureRequest) -> Iterator[Collected]:
    """A collector of either protocol."""
    with request.param() as opened:
        yield opened


def lines_of(reasons: Path) -> list[dict[str, Any]]:
    """Return what a file of reasons says."""
    return [json.loads(line) for line in reasons.read_text().splitlines()]


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
    """After pauses that double, up to a bound; nothing is counted twice."""
    written = write(tmp_path, *range(1, 6))
    collected.answer_with(*[BUSY] * 9)
    waits = Waits()
    cursor = export(tmp_path, open_sender(collected.collector()), waits=waits)
    assert len(collected.requests) == 10
    assert len(set(collected.requests)) == 1
    assert waits.seconds == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert collected.taken() == written
    assert cursor.counts == Counts(delivered=5)


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


def test_what_a_collector_rejects_is_counted_and_never_repeated(
    tmp_path: Path, collected: Collected, caplog: pytest.LogCaptureFixture
) -> None:
    """Partial success is success; a number beyond the batch is not believed."""
    write(tmp_path, *range(1, 11))
    collected.answer_with(Reply(rejected=3, message="too old"))
    with caplog.at_level(logging.WARNING):
        cursor = export(tmp_path, open_sender(collected.collector()))
    assert len(collected.requests) == 1
    assert cursor.counts == Counts(delivered=7, rejected=3)
    assert "rejected 3 spans: too old" in caplog.text
    write(tmp_path, 11)
    collected.answer_with(Reply(rejected=1000))
    assert export(tmp_path, open_sender(collected.collector())).counts == Counts(7, 4)


def test_a_poison_span_is_put_among_the_dead_letters(tmp_path: Path, collected: Collected) -> None:
    """Every other span of its batch arrives, once and in order; the letter can be sent again."""
    written = write(tmp_path, *range(1, 101))
    poison = {written[0], written[41], written[42]}
    collected.answer = lambda request: BAD if poison & set(spans(request)) else TAKEN
    cursor = export(tmp_path, open_sender(collected.collector()))
    assert collected.taken() == [span for span in written if span not in poison]
    assert cursor.counts == Counts(delivered=97, dead_lettered=3)
    assert all(map(is_exported, segments_in(tmp_path)))
    assert dead_letters(tmp_path) == 3
    (reasons,) = (tmp_path / "dead").glob("*.jsonl")
    (letters,) = (tmp_path / "dead").glob("*.requests")
    octets, told = letters.read_bytes(), lines_of(reasons)
    assert [letter["sequence"] for letter in told] == [1, 42, 43]
    assert [letter["decision_id"] for letter in told] == [
        f"{number:032x}-{number:016x}" for number in (1, 42, 43)
    ]
    for letter in told:
        assert letter["reason"].endswith("that is no span")
        length, start = varint(octets, letter["position"])
        assert start + length == letter["position"] + letter["bytes"]
        (kept,) = spans(octets[start : start + length])
        assert kept == written[letter["sequence"] - 1]
        assert list(fields(next(fields(octets[start:][:length], 1)), 1)) == [RESOURCE]


def test_a_dead_letter_is_kept_once(tmp_path: Path, collected: Collected) -> None:
    """Though the exporter dies before its cursor passes it, or in the middle of writing."""
    written = write(tmp_path, 1, 2)
    collected.answer = lambda request: BAD if spans(request) else TAKEN
    export(tmp_path, open_sender(collected.collector()))
    (reasons,) = (tmp_path / "dead").glob("*.jsonl")
    (letters,) = (tmp_path / "dead").glob("*.requests")
    whole = letters.read_bytes()
    (tmp_path / "export.cursor").unlink()
    for segment in segments_in(tmp_path):
        segment.with_name(f"{segment.name}.exported").unlink()
    first, second = reasons.read_bytes().splitlines(keepends=True)
    reasons.write_bytes(first + second[:20])
    cursor = export(tmp_path, open_sender(collected.collector()))
    assert cursor.counts == Counts(dead_lettered=2)
    assert letters.read_bytes() == whole
    assert [letter["sequence"] for letter in lines_of(reasons)] == [1, 2]
    assert len(written) == dead_letters(tmp_path)


def test_an_accident_on_the_way_is_no_poison(tmp_path: Path, collected: Collected) -> None:
    """A span that is refused once and taken then was not at fault."""
    written = write(tmp_path, 1)
    collected.answer_with(BAD)
    assert export(tmp_path, open_sender(collected.collector())).counts == Counts(delivered=1)
    assert collected.taken() == written
    assert dead_letters(tmp_path) == 0


@pytest.mark.parametrize("reply", [DENIED, BAD, Reply(("UNIMPLEMENTED", 404)), TOO_LONG])
def test_a_collector_that_refuses_everything_costs_no_span(
    tmp_path: Path, collected: Collected, reply: Reply
) -> None:
    """Wrong credentials, a wrong address: all is delivered once that is put right."""
    written = write(tmp_path, *range(1, 6))
    collected.answer = lambda _: reply

    def mend() -> bool:
        if len(waits.seconds) == 4:
            collected.answer_with()
        return False

    waits = Waits(mend)
    cursor = export(tmp_path, open_sender(collected.collector()), waits=waits)
    assert collected.taken() == written
    assert cursor.counts == Counts(delivered=5)
    assert dead_letters(tmp_path) == 0


def test_a_request_that_is_too_long_is_sent_in_parts(tmp_path: Path) -> None:
    """Over gRPC overload looks the same; so a short one is taken for overload."""
    written = write(tmp_path, *range(1, 21))
    with grpc_collector() as collected:
        collected.answer = lambda request: TOO_LONG if len(spans(request)) > 30 else TAKEN
        with open_journal(tmp_path / "long", segment_bytes=1 << 20) as journal:
            long = [otlp_span(number, length=2000) for number in range(100)]
            journal.append_all(long)
        export(tmp_path / "long", open_sender(collected.collector()))
        assert collected.taken() == long
        waits = Waits()
        collected.requests.clear()
        collected.replies.clear()
        collected.answer_with(TOO_LONG)
        export(tmp_path, open_sender(collected.collector()), waits=waits)
        assert len(collected.requests) == 2
        assert waits.seconds == [0.5]
        assert collected.taken() == written


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
    opened = Wire(collected)
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
    assert cursor.counts == Counts(delivered=50)


def test_an_idle_connection_that_was_closed_is_opened_anew() -> None:
    """At once, without a pause; a collector that is away is told from that."""
    with http_collector() as collected:
        sender = HttpSender(collected.collector())
        assert sender.send(b"") == Accepted()
        assert sender._connection.sock is not None
        sender._connection.sock.shutdown(2)
        assert sender.send(b"") == Accepted()
    assert sender.send(b"") == Deferred("ConnectionRefusedError")


def test_what_a_collector_says_is_cut_short(collected: Collected) -> None:
    """It may say anything, of any length."""
    sender = open_sender(collected.collector())
    collected.answer_with(Reply(BAD.code, message="x\n" * 600))
    answer = sender.send(b"")
    assert isinstance(answer, Refused)
    assert len(answer.reason) == 500
    assert "\n" not in answer.reason
    sender.close()


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
