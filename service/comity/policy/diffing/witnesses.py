"""Witnesses: a question, as plain as can be, for each difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from comity.domain.question import Connection, Question
from comity.policy.diffing.answers import Asker
from comity.policy.diffing.geography import Ground
from comity.policy.diffing.paths import Path
from comity.policy.diffing.regions import Box, Sightings, Witness, plainness
from comity.policy.diffing.search import Search
from comity.policy.lexicon import Presumption

MOST_VARIED: Final = 12
LEFT_OUT: Final = (
    "purposes",
    "items",
    "labels",
    "labels_absent",
    "open_sets",
    "open_factors",
    "device",
    "age",
    "account_created",
)


def find_witness(
    search: Search, asker: Asker, box: Box, seen: Sightings, ground: Ground
) -> Witness:
    """Return a question of `box`, seen to be answered differently, as plain as can be.

    Facts that make no difference are left out of it, but for connections without which the place
    would be open.
    """
    now = seen.first
    question = plain_question(search, box, now)
    shift = asker.shift(question, now)
    if shift is None:
        question = search.paths.question(seen.example[0], now, seen.example[1])
        shift = asker.shift(question, now)
    assert shift is not None, "a region without a difference"
    factors = ground.lexicons[1].factors
    kept = {f for f, term in factors.items() if ground.without or term.presume is Presumption.OPEN}
    for plainer in _plainer(question, kept):
        less = plainer(question)
        if asker.shift(less, now) == shift:
            question = less
    return Witness(question, now)


def _plainer(question: Question, kept: set[str]) -> Iterator[Callable[[Question], Question]]:
    """Yield what leaves one of the facts of `question` out."""
    for connection in reversed(question.connections):
        if connection.factor not in kept:
            yield partial(_without_connection, connection=connection)
    plain = Question(action=None, product=None)
    for name in LEFT_OUT:
        nothing = getattr(plain, name)
        if getattr(question, name) != nothing:
            changes = {name: nothing}
            yield partial(_with, changes=changes)


def _with(question: Question, changes: Mapping[str, Any]) -> Question:
    return replace(question, **changes)


def _without_connection(question: Question, connection: Connection) -> Question:
    others = tuple(c for c in question.connections if c is not connection)
    return replace(question, connections=others)


def show(search: Search, asker: Asker, box: Box, now: datetime) -> Path | None:
    """Return values of `box` that all rules together answer differently at `now`.

    Tried are the plainest, and what differs from them in one dimension. None if they don't show it.
    """
    plain = box.plainest
    paths = [plain]
    for number, values in enumerate(box.values):
        others = sorted(values - {plain[number]}, key=plainness)[:MOST_VARIED]
        paths += [(*plain[:number], value, *plain[number + 1 :]) for value in others]
    for path in paths:
        if asker.shift(search.paths.question(path, now, box.company), now) is not None:
            return path
    return None


def plain_question(search: Search, box: Box, now: datetime) -> Question:
    """Return the plainest question of `box`."""
    return search.paths.question(box.plainest, now, box.company)
