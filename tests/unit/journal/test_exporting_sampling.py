"""A collector may get a sample of what is plainly allowed, and gets everything else."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from comity.journal import SpanTemplate, encode_attributes, is_exported, segments_in
from comity.journal.exporting import (
    BatchLimits,
    Counts,
    Exporter,
    ExportOptions,
    Refused,
    Sampling,
)
from opentelemetry.trace import Status, StatusCode
from unit.journal.exports import KeepingSender, Waits, export, open_journal, otlp_span

PLAIN: dict[str, Any] = {
    "rpc.method": "CheckEligibility",
    "comity.decision.kind": "eligibility",
    "comity.decision.effect": "allow",
    "comity.decision.determination": "decided",
    "comity.decision.hypothetical": False,
    "comity.facts.action": "message_send",
}
OF_INTEREST: list[dict[str, Any]] = [
    {"comity.decision.effect": "deny"},
    {"comity.decision.effect": "restrict"},
    {"comity.decision.effect": "verify"},
    {"comity.decision.effect": "warn"},
    {"comity.decision.determination": "indeterminate"},
    {"comity.decision.hypothetical": True},
    {"comity.decision.kind": "data_request"},
    {"comity.degraded": ("presence",)},
    {"comity.conflicts": ("a/b",)},
    {"comity.obligations": ("hold:messages",)},
]
NONE = Sampling(0.0)


def decision(number: int, trace: int | None = None, **changed: Any) -> bytes:
    """Return the span of a decision."""
    attributes, status = PLAIN | changed.get("attributes", {}), changed.get("status", Status())
    return SpanTemplate("comity.decision", status=status).assemble(
        (number if trace is None else trace).to_bytes(16),
        number.to_bytes(8),
        b"",
        "",
        0x100,
        number,
        number + 1,
        encode_attributes(attributes),
    )


def test_everything_is_sent_by_default(tmp_path: Path, sender: KeepingSender) -> None:
    """What is plainly allowed too."""
    written = [decision(number) for number in range(1, 20)]
    with open_journal(tmp_path) as journal:
        journal.append_all(written)
    assert export(tmp_path, sender).counts == Counts(delivered=19)
    assert sender.taken() == written


@pytest.mark.parametrize("attributes", OF_INTEREST, ids=str)
def test_what_is_of_interest_is_always_sent(attributes: dict[str, Any]) -> None:
    """Whatever the ratio."""
    assert not NONE.wants(decision(1))
    assert NONE.wants(decision(1, attributes=attributes))


def test_what_is_no_plain_decision_is_always_sent() -> None:
    """A call that failed, a call that decided nothing, what is no span at all."""
    assert NONE.wants(decision(1, status=Status(StatusCode.ERROR)))
    assert NONE.wants(otlp_span(1))
    assert NONE.wants(decision(1)[:-1])
    assert NONE.wants(b"")


@pytest.mark.parametrize("left_out", PLAIN.keys() - {"rpc.method", "comity.facts.action"})
def test_a_decision_that_does_not_say_that_it_is_plain_is_sent(left_out: str) -> None:
    """Rather too much than too little."""
    attributes = {name: value for name, value in PLAIN.items() if name != left_out}
    span = SpanTemplate("comity.decision", attributes=attributes)
    octets = span.assemble(bytes(16), bytes(8), b"", "", 0x100, 1, 2)
    assert NONE.wants(octets)


def test_the_sample_is_of_traces_and_always_the_same() -> None:
    """About as large as asked for; decisions of one trace go together; lower chooses of higher."""
    chance = random.Random(7)
    traces = [chance.getrandbits(128) for _ in range(4000)]
    few, many = ([Sampling(r).wants(decision(1, t)) for t in traces] for r in (0.1, 0.5))
    assert 320 < sum(few) < 480
    assert 1850 < sum(many) < 2150
    assert all(high for low, high in zip(few, many, strict=True) if low)
    assert few == [Sampling(0.1).wants(decision(9, trace)) for trace in traces]
    edge = 1 << 55  # half of what 56 bits can say
    assert Sampling(0.5).wants(decision(1, edge))
    assert not Sampling(0.5).wants(decision(1, edge - 1))


def sampled(tmp_path: Path, sender: KeepingSender, limits: BatchLimits) -> Counts:
    """Return what became of 40 decisions, of which every fourth is a denial."""
    denied = {"attributes": {"comity.decision.effect": "deny"}}
    with open_journal(tmp_path) as journal:
        journal.append_all([decision(n, **({} if n % 4 else denied)) for n in range(1, 41)])
    counts = export(tmp_path, sender, ExportOptions(limits, sampling=NONE)).counts
    assert all(is_exported(segment) for segment in segments_in(tmp_path))
    return counts


@pytest.mark.parametrize("most_spans", [1, 7, 100])
def test_what_is_left_out_is_counted_and_passed(
    tmp_path: Path, sender: KeepingSender, most_spans: int
) -> None:
    """It is exported in the sense that its segment may go; no request is without spans."""
    counts = sampled(tmp_path, sender, BatchLimits(most_spans))
    assert counts == Counts(delivered=10, left_out=30)
    denied = {"comity.decision.effect": "deny"}
    assert sender.taken() == [decision(n, attributes=denied) for n in range(4, 41, 4)]
    assert b"" not in sender.requests


def test_a_refused_span_is_found_among_those_sent(tmp_path: Path) -> None:
    """The others are sent, and nothing is counted twice."""
    poison = decision(20, attributes={"comity.decision.effect": "deny"})

    class Picky(KeepingSender):
        def send(self, request: bytes) -> Any:
            self.answers = [Refused("poison")] if poison in request else []
            return super().send(request)

    sender = Picky()
    counts = sampled(tmp_path, sender, BatchLimits(100))
    assert counts == Counts(delivered=9, dead_lettered=1, left_out=30)
    assert len(sender.taken()) == 9


def test_a_cursor_of_an_earlier_release_is_read(tmp_path: Path, sender: KeepingSender) -> None:
    """It counts nothing as left out."""
    counts = '{"delivered": 3, "rejected": 0, "dead_lettered": 0, "missing": 0}'
    (tmp_path / "export.cursor").write_text(
        f'{{"version": 1, "offsets": {{}}, "sequences": {{}}, "counts": {counts}, "saved_at": 1}}'
    )
    exporter = Exporter(tmp_path, sender, pause=Waits())
    exporter.close()
    assert exporter._cursor.counts == Counts(delivered=3)
