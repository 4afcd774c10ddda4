"""What people read of a rule; without effect on answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a rule can be read.

    Attributes:
        title: name of the source.
        url: address as cited; empty if none is known.
        pinpoint: place within the source; empty if none.
        retrieved: day on which it was read; None if not recorded.
    """

    title: str
    url: str = ""
    pinpoint: str = ""
    retrieved: date | None = None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Something that happened to a rule; without effect on answers.

    Attributes:
        on: the day, as the file writes it.
        event: what happened.
        by: who did it.
        note: remark; empty if none.
        citation: where it can be read; None if that is not recorded.
    """

    on: str
    event: str
    by: str
    note: str = ""
    citation: Citation | None = None


@dataclass(frozen=True, slots=True)
class SuspensionEntry:
    """A time in which a rule is suspended, as its file writes it.

    Attributes:
        since: first moment; empty if unbounded.
        until: first moment out; empty if unbounded, or if the last day in is given.
        through: last day in; empty if it is not given.
        by: who suspended it.
        kind: stayed (by a court) or deferred (by its maker).
        note: remark; empty if none.
    """

    since: str
    until: str
    through: str
    by: str
    kind: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReachAbroad:
    """Why a rule meets people beyond the territory of whoever made it.

    Attributes:
        why: what gives the rule its reach.
        citation: where that can be read; the rule's own citation if it names no other source.
    """

    why: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class RuleText:
    """What people read of a rule; without effect on answers.

    Attributes:
        title: one line in English.
        authority: who issued it.
        citation: where it can be read.
        legal_effect: binding, advice, voluntary, practice or proposal.
        platform_basis: why the platform applies what does not bind it; empty if it binds.
        reach_abroad: why it meets people beyond its maker's territory; None if it doesn't.
        confidence: verified, recalled or unverified.
        apply_unverified: why it is applied although unverified; empty if it isn't both.
        recorded_at: day on which the rule was recorded; ISO 8601.
        review_by: day by which it must be reviewed; None if not set.
        message: language -> text for the user; empty for the vocabulary's text.
        note: remark for staff; empty if none.
        history: events.
        suspensions: times without effect.
        confidential: whether only entitled callers may see the rule.
        file: policy file, relative to the policy directory.
        line: line of the rule's `id`, from 1.
    """

    title: str
    authority: str
    citation: Citation
    legal_effect: str = "binding"
    platform_basis: str = ""
    reach_abroad: ReachAbroad | None = None
    confidence: str = "verified"
    apply_unverified: str = ""
    recorded_at: str = ""
    review_by: date | None = None
    message: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    history: tuple[HistoryEntry, ...] = ()
    suspensions: tuple[SuspensionEntry, ...] = ()
    confidential: bool = False
    file: str = ""
    line: int = 0
