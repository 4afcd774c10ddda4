"""What every rule says of itself: who made it, where it can be read, when it is in force."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Tag

from comity.policy.documents.base import (
    DayValue,
    Document,
    Line,
    Many,
    MomentValue,
    Name,
    RuleId,
    Url,
    choice,
    is_name,
)
from comity.policy.documents.times import Interval, Suspension
from comity.policy.scalars import Refused


class Source(Document):
    """Where something can be read.

    Attributes:
        title: name of the source.
        url: web address.
        pinpoint: place within it.
        retrieved: day on which it was read.
    """

    title: Line
    url: Url | None = None
    pinpoint: Line | None = None
    retrieved: DayValue | None = None


class SourceUse(Document):
    """A source of the file's `sources`, at one place of it.

    Attributes:
        use: name of the source.
        pinpoint: place within it.
    """

    use: Name
    pinpoint: Line | None = None


def _choose_source(value: Any) -> str | None:
    """Return the form of a source."""
    if isinstance(value, str):
        return "<name>"
    if isinstance(value, dict):
        return "<use>" if "use" in value else "<source>"
    return None


def _check_source_name(value: str) -> str:
    """Return `value` if it is a name; a title is what people write first."""
    if not is_name(value):
        message = f"'{value}' is no name out of `sources`; write `{{title: ...}}` for another one."
        raise Refused("CP210", message)
    return value


SourceValue = Annotated[
    Annotated[str, AfterValidator(_check_source_name), Tag("<name>")]
    | Annotated[SourceUse, Tag("<use>")]
    | Annotated[Source, Tag("<source>")],
    choice("use title", _choose_source),
]


class HistoryEvent(Document):
    """Something that happened to a rule; without effect.

    Attributes:
        on: when.
        event: what happened.
        by: who did it.
        note: remark.
        source: where it can be read.
    """

    on: MomentValue
    event: Line
    by: Line | None = None
    note: Line | None = None
    source: SourceValue | None = None


class Rule(Document):
    """What every rule has, whatever it rules.

    Attributes:
        id: unique over all files, never reused.
        title: one line in English.
        authority: who issued it.
        source: where it can be read.
        recorded_at: day on which it was recorded.
        in_force: when it is in force; empty for never.
        suspended: when it has no effect although in force.
        review_by: day by which it must be reviewed.
        note: remark for staff.
        history: events; without effect.
        confidence: verified, recalled (marked so) or unverified (without effect).
        apply_unverified: why it is applied although unverified.
        confidential: whether only those entitled to the legal view may know of it.
    """

    id: RuleId
    title: Line
    authority: Line
    source: SourceValue
    recorded_at: DayValue
    in_force: Many[Interval]
    suspended: Many[Suspension] = ()
    review_by: DayValue | None = None
    note: Line | None = None
    history: Many[HistoryEvent] = ()
    confidence: Literal["verified", "recalled", "unverified"] = "verified"
    apply_unverified: Line | None = None
    confidential: bool = False

    def faults(self) -> Iterable[Refused]:
        """Return which of two keys stands where the other gives it no meaning."""
        if self.apply_unverified is not None and self.confidence != "unverified":
            message = "'apply_unverified' stands only beside `confidence: unverified`."
            yield Refused("CP207", message, key="apply_unverified")
        if self.suspended and not self.in_force:
            message = "'suspended' has nothing to suspend: `in_force` is empty."
            yield Refused("CP207", message, key="suspended")
