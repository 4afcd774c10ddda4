"""What is known of a request: a truth value, and the fields that would settle it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from comity.domain.truth import Truth


@dataclass(frozen=True, slots=True)
class Finding:
    """A truth value with the unknown facts behind it.

    Attributes:
        value: T, F, or U if a fact that matters is unknown.
        missing: fields of the request that are unknown and could change the value; of a value
            that is T or F, those that a presumption stands for.
    """

    value: Truth
    missing: frozenset[str] = frozenset()


HOLDS = Finding(Truth.T)
FAILS = Finding(Truth.F)


def known(*, holds: bool) -> Finding:
    """Return a finding that no unknown fact can change."""
    return HOLDS if holds else FAILS


def unknown(*fields: str) -> Finding:
    """Return that `fields`, which are not given, would tell."""
    return Finding(Truth.U, frozenset(fields))


def presumed(*fields: str, holds: bool) -> Finding:
    """Return what is presumed of `fields`, which are not given."""
    return Finding(Truth.T if holds else Truth.F, frozenset(fields))


def all_of(findings: Iterable[Finding]) -> Finding:
    """Return whether all hold; T if there are none."""
    return _joined(findings, HOLDS, Truth.F)


def any_of(findings: Iterable[Finding]) -> Finding:
    """Return whether any holds; F if there are none."""
    return _joined(findings, FAILS, Truth.T)


def _joined(findings: Iterable[Finding], none: Finding, deciding: Truth) -> Finding:
    """Return what findings come to: `none` if there are none, `deciding` if one of them is.

    Of U, and of a value that rests on presumptions alone, all that could change it is told.
    """
    value, missing = none.value, none.missing
    for finding in findings:
        if finding.value is deciding and not finding.missing:
            return finding
        if finding.value is value:
            missing |= finding.missing
        elif value is none.value or finding.value is deciding:
            value, missing = finding.value, finding.missing
    return Finding(value, missing)
