"""Section `data_requests`: what an authority may ask for, and on which terms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from comity.policy.documents.base import (
    Count,
    Document,
    DurationValue,
    Name,
    OneOrMany,
    System,
    choice,
)
from comity.policy.documents.reach import IssuingStatesValue, ReachRow
from comity.policy.documents.rules import Rule
from comity.policy.documents.times import Due
from comity.policy.scalars import Refused


class FollowUp(Document):
    """What must come after, and what happens if it doesn't.

    Attributes:
        task: task of the vocabulary.
        within: how soon.
        otherwise: key `else`: task if it does not come.
    """

    task: Name
    within: DurationValue
    otherwise: Name | None = Field(default=None, alias="else")


class WithoutValidation(Document):
    """What may be disclosed before the order is validated.

    Attributes:
        classes: class words.
        validate_within: how soon it must be validated.
        otherwise: key `else`: task if it is not.
    """

    classes: OneOrMany[Name]
    validate_within: DurationValue
    otherwise: Name | None = Field(default=None, alias="else")


class EmergencyTrack(Document):
    """What an emergency changes.

    Attributes:
        when: situations that are an emergency.
        due: due time then.
        classes: class words reached then; empty for those of the instrument.
        desk: desk that answers then.
        voluntary: whether disclosure is allowed, not owed.
        without_validation: what may be disclosed before validation.
        follow_up: what must come after.
    """

    when: OneOrMany[Name]
    due: Due
    classes: OneOrMany[Name] = ()
    desk: Name | None = None
    voluntary: bool = False
    without_validation: WithoutValidation | None = None
    follow_up: OneOrMany[FollowUp] = ()

    def faults(self) -> Iterable[Refused]:
        """Return that an answer which is not owed has a time."""
        if self.voluntary and self.due != "none":
            message = "'voluntary' owes no answer: write `due: none`."
            yield Refused("CP208", message, key="due")


class NotifiedEmergency(Document):
    """What the notified authority may do in an emergency.

    Attributes:
        release: when data are released.
        may_object: how long it may object.
        then: task if it objects.
    """

    release: Literal["at_once", "at_due_or_clearance"]
    may_object: DurationValue | None = None
    then: Name | None = None


class NotifiedAuthority(Document):
    """An authority of the addressee's state that is told.

    Attributes:
        classes: class words for which it is told.
        unless: situation in which it is not.
        release: when data are released.
        emergency: what differs in an emergency.
    """

    classes: OneOrMany[Name]
    unless: Name | None = None
    release: Literal["at_once", "at_due_or_clearance"] = "at_due_or_clearance"
    emergency: NotifiedEmergency | None = None


class PreserveExtension(Document):
    """What prolongs preservation.

    Attributes:
        on: event of the vocabulary.
        length: key `for`: how long.
        until: or until what.
        times: how often.
    """

    on: Name
    length: DurationValue | None = Field(default=None, alias="for")
    until: Literal["production", "decision"] | None = None
    times: Count = 1

    def faults(self) -> Iterable[Refused]:
        """Return that not exactly one end is given."""
        yield from _one_end(self.length is not None, self.until is not None)


class PreserveTerm(Document):
    """How long data are preserved.

    Attributes:
        start: key `from`: what starts it.
        length: key `for`: how long.
        until: or until what.
        data: the data asked for, or all that is held.
        extends: what prolongs it.
    """

    start: Name = Field(default="receipt", alias="from")
    length: DurationValue | None = Field(default=None, alias="for")
    until: Literal["production", "decision"] | None = None
    data: Literal["asked", "all_held"] = "asked"
    extends: OneOrMany[PreserveExtension] = ()

    def faults(self) -> Iterable[Refused]:
        """Return that not exactly one end is given."""
        yield from _one_end(self.length is not None, self.until is not None)


def _one_end(has_length: bool, has_event: bool) -> Iterable[Refused]:  # noqa: FBT001
    """Return that `for` and `until` are both given, or neither."""
    if has_length and has_event:
        yield Refused("CP208", "'for' and 'until' exclude each other.", key="until")
    if not has_length and not has_event:
        yield Refused("CP201", "'for' or 'until' is missing.")


def _choose_preserve(value: Any) -> str | None:
    """Return the form of a preservation."""
    if value == "none":
        return "<none>"
    return "<term>" if isinstance(value, dict) else None


Preserve = Annotated[
    Annotated[Literal["none"], Tag("<none>")] | Annotated[PreserveTerm, Tag("<term>")],
    choice("none from for until", _choose_preserve),
]


class UserNotice(Document):
    """Who tells the user, and when.

    Attributes:
        by: who.
        at: when.
        silence_only_by: what alone can silence the notice.
        not_if: situations without notice.
    """

    by: Literal["platform", "issuer", "court", "nobody"]
    at: Literal["disclosure", "effect"] | None = None
    silence_only_by: Name | None = None
    not_if: OneOrMany[Name] = ()


class Objection(Document):
    """A way to object to the request.

    Attributes:
        grounds: grounds of the vocabulary.
        not_grounds: grounds that don't suffice.
        within: how soon.
        clock: name of a clock of the file.
        form: task of the vocabulary that names the form to use.
        only_if: situations in which it is open.
        suspends: whether disclosure waits.
    """

    grounds: OneOrMany[Name]
    not_grounds: OneOrMany[Name] = ()
    within: DurationValue
    clock: Name | None = None
    form: Name | None = None
    only_if: OneOrMany[Name] = ()
    suspends: bool = False


class DataRequestRule(Rule):
    """One instrument by which an authority may ask for data.

    Attributes:
        instrument: instrument of the vocabulary.
        binding: whether it must be obeyed; else it may.
        preserve_only: whether it asks to keep data and never to disclose them.
        system: whose class words it uses.
        issuing_states: who may issue; None for the file's own state.
        addressee: desk to which it must go; else it is redirected.
        reach: ways to reach classes of data.
        needs: what a request must bring.
        valid_for: how long after its date it is valid.
        served_within: how soon after signature it must be served.
        due: by when to answer.
        emergency: what an emergency changes.
        notified_authority: an authority that is told.
        preserve: how long data are preserved.
        user_notice: who tells the user; None for the platform's rule.
        objections: ways to object.
        ask_with: task of the vocabulary by which the issuer is asked for what is missing.
        steps: steps added to the platform's.
        desk: desk that answers; None for the platform's.
        governed_by: which moment's law counts.
    """

    instrument: Name
    binding: bool = True
    preserve_only: bool = False
    system: System
    issuing_states: IssuingStatesValue | None = None
    addressee: Name | None = None
    reach: OneOrMany[ReachRow]
    needs: OneOrMany[Name] = ()
    valid_for: DurationValue | None = None
    served_within: DurationValue | None = None
    due: Due
    emergency: EmergencyTrack | None = None
    notified_authority: NotifiedAuthority | None = None
    preserve: Preserve = "none"
    user_notice: UserNotice | None = None
    objections: OneOrMany[Objection] = ()
    ask_with: Name | None = None
    steps: OneOrMany[Name] = ()
    desk: Name | None = None
    governed_by: Literal["received", "issued", "decided"] = "received"
