"""Every decision that a caller was told of arrives, whatever the collector does, or is counted.

What a server recorded is shipped to collectors that are away, slow, busy, choosy or cut off.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from comity.journal import read_segment, segments_in
from comity.journal.exporting import BatchLimits, Counts, ExportOptions, open_sender
from integration.deliveries import Recorded, decisions_of, received_by
from unit.journal.collectors import (
    BAD,
    COLLECTORS,
    TAKEN,
    Collected,
    Opened,
    Reply,
    spans,
)
from unit.journal.exports import Waits, damage, export
from unit.journal.wires import Wire

pytestmark = pytest.mark.processes

OPTIONS = ExportOptions(BatchLimits(most_spans=50))
AWAY = Reply(("UNAVAILABLE", 502))


@pytest.fixture(params=COLLECTORS, ids=["grpc", "http"])
def opened(request: pytest.FixtureRequest) -> Opened:
    """What opens a collector of either protocol."""
    opened: Opened = request.param
    return opened


@pytest.fixture
def collected(opened: Opened) -> Iterator[Collected]:
    """A collector."""
    with opened() as collected:
        yield collected


def ship(
    recorded: Recorded, collected: Collected, waits: Waits | None = None, **changed: object
) -> Counts:
    """Export everything; return what became of it."""
    sender = open_sender(collected.collector(**changed))
    return export(recorded.journal, sender, OPTIONS, waits).counts


def assert_all_arrived(recorded: Recorded, collected: Collected, counts: Counts) -> None:
    """Hold what callers were told of against what the collector has."""
    assert recorded.answered - set(received_by(collected)) == set()
    assert counts == Counts(delivered=counts.delivered, repeated=counts.repeated)
    assert counts.delivered == len(set(collected.taken()))
    assert len(collected.taken()) - counts.delivered <= counts.repeated


def test_a_collector_that_is_down_gets_everything_later(recorded: Recorded, opened: Opened) -> None:
    """What never reached anybody is not counted as sent."""
    with ExitStack() as collectors:
        with opened() as gone:
            pass
        port = int(gone.address.rpartition(":")[2])
        back: list[Collected] = []

        def come_back() -> bool:
            if len(waits.seconds) == 3:
                back.append(collectors.enter_context(opened(port=port)))
            # A channel of gRPC connects anew in its own time.
            threading.Event().wait(0.02)
            return False

        waits = Waits(come_back)
        counts = ship(recorded, gone, waits)
        assert len(waits.seconds) >= 3
        assert_all_arrived(recorded, back[0], counts)
        assert counts.repeated == len(back[0].taken()) - counts.delivered == 0


def test_a_slow_collector_has_everything(recorded: Recorded, collected: Collected) -> None:
    """What it took and did not say in time arrives twice, and is counted as that."""
    arrived, over = list[bytes](), threading.Event()

    def answer(request: bytes) -> Reply:
        arrived.append(request)
        if len(arrived) == 2:
            over.wait(20)
        return TAKEN

    collected.answer = answer
    counts = ship(recorded, collected, timeout_seconds=0.5)
    over.set()
    wire = [span for request in arrived for span in spans(request)]
    assert recorded.answered - set(decisions_of(wire)) == set()
    assert counts == Counts(delivered=len(set(wire)), repeated=counts.repeated)
    assert 0 < len(wire) - len(set(wire)) <= counts.repeated


def test_an_unavailable_collector_may_have_taken_everything(
    recorded: Recorded, collected: Collected
) -> None:
    """As a proxy says it, which lost the answer: each duplicate on the wire is counted."""
    arrived = list[bytes]()

    def answer(request: bytes) -> Reply:
        arrived.append(request)
        return AWAY if len(arrived) % 3 else TAKEN

    collected.answer = answer
    counts = ship(recorded, collected)
    wire = [span for request in arrived for span in spans(request)]
    assert_all_arrived(recorded, collected, counts)
    assert counts.repeated == len(wire) - len(set(wire)) == 2 * counts.delivered


def test_what_is_rejected_is_what_does_not_arrive(recorded: Recorded, collected: Collected) -> None:
    """Partial success: as many as are missing are counted, and none of them is sent again."""
    rejected: set[str] = set()

    def answer(request: bytes) -> Reply:
        some = [each for each in decisions_of(spans(request)) if each.endswith(("0", "8"))]
        rejected.update(some)
        return Reply(rejected=len(some), message="too odd")

    collected.answer = answer
    counts = ship(recorded, collected)
    kept = set(received_by(collected)) - rejected
    assert recorded.answered - kept == rejected & recorded.answered
    assert rejected
    assert counts == Counts(delivered=counts.delivered, rejected=len(rejected))
    assert counts.delivered + counts.rejected == len(collected.taken())


def test_what_is_refused_is_among_the_dead_letters(
    recorded: Recorded, collected: Collected
) -> None:
    """Those that do not arrive, and no others, by id."""
    poison = frozenset(sorted(recorded.answered)[::100])

    def answer(request: bytes) -> Reply:
        return BAD if poison & set(decisions_of(spans(request))) else TAKEN

    collected.answer = answer
    counts = ship(recorded, collected)
    assert recorded.answered - set(received_by(collected)) == poison
    assert {letter["decision_id"] for letter in letters_of(recorded.journal)} == poison
    assert counts == Counts(delivered=counts.delivered, dead_lettered=len(poison))
    assert counts.delivered == len(collected.taken()) == len(set(collected.taken()))


def letters_of(journal: Path) -> list[dict[str, str]]:
    """Return what is said of the dead letters."""
    paths = (journal / "dead").glob("*.jsonl")
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def test_a_request_that_is_cut_off_is_sent_again(recorded: Recorded, collected: Collected) -> None:
    """In its middle, over and over: the collector gets it whole once it comes through."""
    wire = Wire(collected.address)
    wire.cut_after = 20_000

    def mend() -> bool:
        if len(waits.seconds) == 2:
            wire.cut_after = None
        threading.Event().wait(0.02)
        return False

    waits = Waits(mend)
    counts = ship(recorded, collected, waits, host=wire.address)
    wire.close()
    assert wire.connections > 2
    assert_all_arrived(recorded, collected, counts)
    assert counts.repeated >= 2


def cut_answers(recorded: Recorded, collected: Collected) -> tuple[Counts, list[bytes]]:
    """Cut the wire in the moment in which the collector has a request; return what came of it."""
    wire, arrived = Wire(collected.address), list[bytes]()

    def answer(request: bytes) -> Reply:
        arrived.append(request)
        if len(arrived) in {2, 4}:
            wire.cut()
        return TAKEN

    collected.answer = answer
    waits = Waits(lambda: threading.Event().wait(0.02))
    counts = ship(recorded, collected, waits, host=wire.address)
    wire.close()
    return counts, arrived


def test_an_answer_that_is_cut_off_costs_a_duplicate(
    recorded: Recorded, collected: Collected
) -> None:
    """And that is counted."""
    counts, arrived = cut_answers(recorded, collected)
    wire = [span for request in arrived for span in spans(request)]
    assert recorded.answered - set(decisions_of(wire)) == set()
    assert counts == Counts(delivered=len(set(wire)), repeated=counts.repeated)
    assert 0 < len(wire) - len(set(wire)) <= counts.repeated


def test_a_corrupt_record_is_what_does_not_arrive(recorded: Recorded, collected: Collected) -> None:
    """In the middle of a segment: it is counted as missing, by its number."""
    busiest = max(segments_in(recorded.journal), key=lambda path: len(list(read_segment(path))))
    frames = list(read_segment(busiest))
    number, lost = next(
        (number, *decisions_of([frame.span]))
        for number, frame in enumerate(frames)
        if number > len(frames) // 2 and decisions_of([frame.span])
    )
    assert number < len(frames) - 1
    damage(busiest, number)
    counts = ship(recorded, collected)
    assert recorded.answered - set(received_by(collected)) == {lost}
    assert counts == Counts(delivered=counts.delivered, missing=1)
