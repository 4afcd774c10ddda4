"""Messages of a load, and the answers that they must get."""

from __future__ import annotations

from collections import Counter

import pytest
from bench.throughput.drawing import draw_known, draw_norms, draw_unknown
from bench.throughput.load import Ran
from bench.throughput.norms import Law
from bench.throughput.pools import Form, Pool, Supply, WrongAnswerError, mean_size, one

NORMS = draw_norms(100)
LAW = Law(NORMS)
KNOWN = draw_known(NORMS, 10, 10)
ANSWERS = [LAW.denied(asked) for asked in KNOWN]


def form() -> Form:
    """Return a form whose replies are a letter for each question."""
    return Form(
        "/a/b", lambda asked: bytes(len(asked)), lambda reply: [r == ord("y") for r in reply]
    )


def reply_of(answers: list[bool], *, wrong: bool = False) -> bytes:
    """Return a reply with these answers, or all others."""
    return bytes(ord("y" if answer != wrong else "n") for answer in answers)


def ran_with(position: int, reply: bytes, **statuses: int) -> Ran:
    """Return how a load went that kept one reply."""
    counted = Counter(statuses or {"0": 5})
    begun = sum(counted.values())
    return Ran(seconds=1.0, begun=begun, statuses=counted, kept=[(position, reply)])


def test_questions_are_put_together() -> None:
    pool = Pool(form(), LAW, KNOWN, items=4)
    assert pool.messages == [bytes(4), bytes(4), bytes(2)]
    assert mean_size(pool.messages) == 3


def test_right_answers_pass_and_wrong_ones_do_not() -> None:
    pool = Pool(form(), LAW, KNOWN, items=4)
    pool.require_all_right(ran_with(1, reply_of(ANSWERS[4:8])))
    with pytest.raises(WrongAnswerError):
        pool.require_all_right(ran_with(1, reply_of(ANSWERS[4:8], wrong=True)))
    with pytest.raises(WrongAnswerError):
        pool.require_all_right(ran_with(1, reply_of(ANSWERS[4:7])))


def test_a_load_that_failed_in_part_is_no_measurement() -> None:
    pool = Pool(form(), LAW, KNOWN)
    with pytest.raises(WrongAnswerError, match="'8': 1"):
        pool.require_all_right(ran_with(0, reply_of(ANSWERS[:1]), **{"0": 4, "8": 1}))
    with pytest.raises(WrongAnswerError):
        pool.require_all_right(Ran(seconds=1.0, begun=5, statuses=Counter({"0": 5})))


def test_fresh_questions_are_given_out_once() -> None:
    supply = Supply(Form("/a/b", one(lambda asked: repr(asked).encode())), LAW, draw_unknown(NORMS))
    first, second = supply.take(0, 30).messages, supply.take(30, 30).messages
    assert len({*first, *second}) == 60
    assert supply.take(10, 30).messages == [*first[10:], *second[:10]]
