"""What is known of a request: a truth value, and the fields that would settle it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from comity.domain.truth import Truth, conjunction, disjunction


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


def known(*, holds: bool) -> Finding:
    """Return a finding that no unknown fact can change."""
    return Finding(Truth.T if holds else Truth.F)


def unknown(*fields: str) -> Finding:
    """Return that `fields`, which are not given, would tell."""
    return Finding(Truth.U, frozenset(fields))


def presumed(*fields: str, holds: bool) -> Finding:
    """Return what is presumed of `fields`, which are not given."""
    return Finding(Truth.T if holds else Truth.F, frozenset(fields))


def all_of(findings: Iterable[Finding]) -> Finding:
    """Return whether all hold; T if there are none."""
    listed = tuple(findings)
    return _joined(conjunction(finding.value for finding in listed), Truth.F, listed)


def any_of(findings: Iterable[Finding]) -> Finding:
    """Return whether any holds; F if there are none."""
    listed = tuple(findings)
    return _joined(disjunction(finding.value for finding in listed), Truth.T, listed)


def _joined(value: Truth, deciding: Truth, findings: tuple[Finding, ...]) -> Finding:
    """Return the finding of `value`; `deciding` is the value of which one finding is enough."""
    alike = [finding.missing for finding in findings if finding.value is value]
    if value is deciding and not all(alike):
        return Finding(value)
    return Finding(value, frozenset[str]().union(*alike))
