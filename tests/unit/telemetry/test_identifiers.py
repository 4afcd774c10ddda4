"""Random octets are given out once, whoever asks."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from comity.telemetry.identifiers import (
    Randomness,
    SystemRandomIdGenerator,
    decision_id,
    identity_octets,
)

TAKEN, THREADS = 20_000, 6


@contextmanager
def switching_often() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def test_no_two_threads_get_the_same_octets() -> None:
    """Nor one thread twice; all are of the length asked for, and not all zero."""
    randomness, taken = Randomness(8), [[] for _ in range(THREADS)]
    together = threading.Barrier(THREADS)

    def take(found: list[bytes]) -> None:
        together.wait(30)
        found += [randomness.take() for _ in range(TAKEN // 2)]
        while len(found) < TAKEN:
            found += randomness.take_some(min(50, TAKEN - len(found)))

    threads = [threading.Thread(target=take, args=(found,)) for found in taken]
    with switching_often():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    found = [octets for each in taken for octets in each]
    assert len(found) == THREADS * TAKEN
    assert len(set(found)) == len(found)
    assert {len(octets) for octets in found} == {8}
    assert bytes(8) not in found


def test_zero_is_never_given_out() -> None:
    """One octet in 256 would be."""
    randomness = Randomness(1)
    assert {randomness.take() for _ in range(10_000)} == {bytes([n]) for n in range(1, 256)}
    together = [randomness.take_some(7) for _ in range(2_000)]
    assert {len(taken) for taken in together} == {7}
    assert {octets for taken in together for octets in taken} == {bytes([n]) for n in range(1, 256)}


def test_a_forked_process_gets_other_octets() -> None:
    """What the parent has in store is not the child's."""
    randomness = Randomness(16)
    randomness.take()  # now there is more in store
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writer, b"".join(randomness.take() for _ in range(100)))
        finally:  # whatever happens, the tests go on in one process only
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        told = file.read()
    assert os.waitpid(child, 0)[1] == 0
    assert len(told) == 1600
    theirs = {told[at : at + 16] for at in range(0, 1600, 16)}
    assert len(theirs) == 100
    assert theirs.isdisjoint(randomness.take() for _ in range(1000))


def test_identities_are_written_and_read() -> None:
    """32 and 16 hexadecimal digits with a dash between."""
    ids = SystemRandomIdGenerator()
    trace_id, span_id = ids.generate_trace_id(), ids.generate_span_id()
    identity = decision_id(trace_id, span_id)
    assert identity_octets(identity) == trace_id.to_bytes(16) + span_id.to_bytes(8)
    assert decision_id(1, 2) == f"{1:032x}-{2:016x}"
