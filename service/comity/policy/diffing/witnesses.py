"""Witnesses: a question, as plain as can be, for each difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from comity.domain.question import Question
from comity.policy.diffing.answers import Askers
from comity.policy.diffing.geography import Ground
from comity.policy.diffing.regions import Box, Sightings, Witness, representative
from comity.policy.diffing.search import Search
from comity.policy.lexicon import Presumption


def find_witness(
    search: Search, askers: Askers, box: Box, seen: Sightings, ground: Ground
) -> Witness:
    """Return a question of `box`, seen to be answered differently, as plain as can be.

    Facts that make no difference are left out of it, but for connections without which the place
    would be open.
    """
    now = seen.first
    plain = tuple(representative(values) for values in box.values)
    question = search.paths.question(plain, now, box.company)
    shift = askers.whole.shift(question, now)
    if shift is None:
        question = search.paths.question(seen.example[0], now, seen.example[1])
        shift = askers.whole.shift(question, now)
    assert shift is not None, "a region without a difference"
    whole, near = question, askers.near.shift(question, now)
    factors = ground.lexicons[1].factors
    kept = {f for f, term in factors.items() if ground.without or term.presume is Presumption.OPEN}
    shrinking = True
    while shrinking:
        shrinking = False
        for plainer in _plainer(question, kept):
            if askers.near.shift(plainer, now) == near:
                question, shrinking = plainer, True
                break
    if askers.whole.shift(question, now) != shift:
        question = whole
    return Witness(question, now)


def _plainer(question: Question, kept: set[str]) -> Iterator[Question]:
    """Yield the question without one of its facts."""
    for connection in reversed(question.connections):
        if connection.factor in kept:
            continue
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
