"""Witnesses: a question, as plain as can be, for each difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from comity.domain.question import Question
from comity.policy.diffing.answers import Asker
from comity.policy.diffing.regions import Box, Sightings, Witness, representative
from comity.policy.diffing.search import Search


def find_witness(search: Search, asker: Asker, box: Box, seen: Sightings) -> Witness:
    """Return a question of `box`, seen to be answered differently, as plain as can be.

    Facts that make no difference are left out of it.
    """
    now = seen.first
    plain = tuple(representative(values) for values in box.values)
    question = search.paths.question(plain, now, box.company)
    shift = asker.shift(question, now)
    if shift is None:
        question = search.paths.question(seen.example[0], now, seen.example[1])
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
    nothing: frozenset[Any] = frozenset()
    if question.purposes:
        yield replace(question, purposes=nothing)
    if question.items:
        yield replace(question, items=nothing)
    if question.labels:
        yield replace(question, labels=nothing)
    if question.labels_absent:
        yield replace(question, labels_absent=nothing)
    if question.open_sets:
        yield replace(question, open_sets=nothing)
    if question.open_factors:
        yield replace(question, open_factors=nothing)
    if question.device is not None:
        yield replace(question, device=None)
    if question.age is not None:
        yield replace(question, age=None)
    if question.account_created is not None:
        yield replace(question, account_created=None)
