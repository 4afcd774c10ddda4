"""Witnesses: a question, as plain as can be, for each difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from comity.domain.question import Question
from comity.policy.diffing.regions import Box, Sightings, Witness, representative
from comity.policy.diffing.search import Asker, Search


def find_witness(search: Search, asker: Asker, box: Box, seen: Sightings) -> Witness:
    """Return a question of `box`, seen to be answered differently, as plain as can be.

    Facts that make no difference are left out of it.
    """
    now = seen.first
    plain = tuple(representative(values) for values in box.values)
    question = search.question(plain, now, box.company)
    shift = asker.shift(question, now)
    if shift is None:
        question = search.question(seen.example[0], now, seen.example[1])
        shift = asker.shift(question, now)
    assert shift is not None, "a region without a difference"
    shrinking = True
    while shrinking:
        shrinking = False
        for plainer in _plainer(question):
            if asker.shift(plainer, now) == shift:
                question, shrinking = plainer, True
                break
    return Witness(question, now)


def _plainer(question: Question) -> Iterator[Question]:
    """Yield the question without one of its facts."""
    for connection in reversed(question.connections):
        others = tuple(c for c in question.connections if c is not connection)
        yield replace(question, connections=others)
    for name in ("purposes", "items", "labels", "labels_absent", "open_sets", "open_factors"):
        if getattr(question, name):
            yield replace(question, **{name: frozenset()})
    for name in ("device", "age", "account_created"):
        if getattr(question, name) is not None:
            yield replace(question, **{name: None})
