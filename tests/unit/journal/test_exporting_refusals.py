"""What collectors refuse: spans, requests, or us."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from comity.journal import is_exported, segments_in
from comity.journal.exporting import (
    BatchLimits,
    Counts,
    Cursor,
    ExportOptions,
    Refused,
    dead_letters,
    open_sender,
)
from comity.journal.exporting.backlog import Backlog
from comity.journal.exporting.dead_letters import DeadLetters
from unit.journal.collectors import (
    BAD,
    DENIED,
    TAKEN,
    TOO_LONG,
    Collected,
    Reply,
    fields,
    grpc_collector,
    spans,
    varint,
)
from unit.journal.exports import (
    RESOURCE,
    Waits,
    export,
    open_journal,
    otlp_span,
    write,
)


def lines_of(reasons: Path) -> list[dict[str, Any]]:
    """Return what a file of reasons says."""
    return [json.loads(line) for line in reasons.read_text().splitlines()]


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
    reasons.write_bytes(first + second.replace(b"\n", b" torn " * 99))
    letters.write_bytes(whole + b" torn ")
    cursor = export(tmp_path, open_sender(collected.collector()))
    assert cursor.counts == Counts(dead_lettered=2)
    assert letters.read_bytes() == whole
    assert [letter["sequence"] for letter in lines_of(reasons)] == [1, 2]
    assert len(written) == dead_letters(tmp_path)


def test_dead_letters_keep_within_a_budget(tmp_path: Path, collected: Collected) -> None:
    """Those of the segment that was refused first go, and are counted; the latest stays."""
    written = [span for worker in range(4) for span in write(tmp_path, 1, 2, worker=worker)]
    collected.answer = lambda request: BAD if spans(request) else TAKEN
    one_segment = 2 * (len(written[0]) + 700)
    options = ExportOptions(dead_bytes=2 * one_segment)
    cursor = export(tmp_path, open_sender(collected.collector()), options)
    assert cursor.counts.dead_lettered == len(written)
    removed = cursor.counts.forgotten
    assert 2 <= removed <= 6
    assert dead_letters(tmp_path) == len(written) - removed
    files = sorted((tmp_path / "dead").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert sum(path.stat().st_size for path in files) <= options.dead_bytes
    assert files[-1].stem == segments_in(tmp_path)[-1].stem
    tight = DeadLetters(tmp_path, 1)
    for segment in segments_in(tmp_path):
        segment.with_name(f"{segment.name}.exported").unlink()
    batch = next(Backlog(tmp_path, Cursor(), BatchLimits(1)).batches())
    assert tight.keep(batch, "too late") == len(written) - removed
    assert dead_letters(tmp_path) == 1


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


def test_what_a_collector_says_is_cut_short(collected: Collected) -> None:
    """It may say anything, of any length."""
    sender = open_sender(collected.collector())
    collected.answer_with(Reply(BAD.code, message="x\n" * 600))
    answer = sender.send(b"")
    assert isinstance(answer, Refused)
    assert len(answer.reason) == 500
    assert "\n" not in answer.reason
    sender.close()
