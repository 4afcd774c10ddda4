"""The route of an authority's request: what may be disclosed, by when, after which steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from comity.domain.decision import Conflict


class Verdict(StrEnum):
    """What may be done with a category of data."""

    DISCLOSABLE = "disclosable"
    REFUSED = "refused"
    NEEDS_INFORMATION = "needs_information"
    PRESERVE_ONLY = "preserve_only"
    NOT_HELD = "not_held"


class DueKind(StrEnum):
    """What kind of time limit there is."""

    INSTANT = "instant"
    AT_ONCE = "at_once"
    IN_ORDER = "in_order"
    NONE = "none"


class NoticeBy(StrEnum):
    """Who tells the user of a request."""

    PLATFORM = "platform"
    ISSUER = "issuer"
    COURT = "court"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Due:
    """By when something is owed.

    Attributes:
        kind: what kind of time limit it is.
        instant: first instant that is too late; None unless `kind` is `INSTANT`.
        rule_id: the rule that sets it; empty for the platform's default.
    """

    kind: DueKind
    instant: datetime | None = None
    rule_id: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground of a verdict.

    Attributes:
        code: code of the vocabulary, such as `ABOVE_CEILING`.
        text: in English.
        cure: what would cure it, in English; empty if nothing would.
        rule_id: the rule that gives it; empty for the procedure itself.
    """

    code: str
    text: str
    cure: str = ""
    rule_id: str = ""


@dataclass(frozen=True, slots=True)
class Escalation:
    """A person who must look before the answer leaves.

    Attributes:
        desk: whose person.
        code: code of the vocabulary that says why.
        text: in English.
    """

    desk: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class CategoryAnswer:
    """The answer to one category.

    Attributes:
        category: data category.
        verdict: what may be done with it.
        since: first instant of the data concerned; None if unbounded.
        until: first instant no longer concerned; None if unbounded.
        grounds: why not, or what is needed; empty if disclosable.
        escalations: where a person must look.
    """

    category: str
    verdict: Verdict
    since: datetime | None = None
    until: datetime | None = None
    grounds: tuple[Ground, ...] = ()
    escalations: tuple[Escalation, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """Something to be done.

    Attributes:
        name: step or task of the vocabulary.
        text: in English.
        due: by when; None if it has no time of its own.
        rule_id: the rule that asks for it; empty for the platform's procedure.
    """

    name: str
    text: str
    due: Due | None = None
    rule_id: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """Who answers.

    Attributes:
        name: desk of the policies.
        languages: BCP 47 tags.
        timezone: IANA zone of its hours.
        hours: such as `mon-fri 09:00-17:00`, or `always`.
        out_of_hours: desk that answers outside its hours; empty if none does.
    """

    name: str
    languages: tuple[str, ...]
    timezone: str
    hours: str
    out_of_hours: str = ""


@dataclass(frozen=True, slots=True)
class Preservation:
    """What is to be kept meanwhile.

    Attributes:
        since: from when.
        until: until when; None if until an event.
        until_event: the event that ends it; empty if `until` is set.
        rule_id: the rule that says so; empty for the platform's default.
        categories: data categories to be kept, sorted.
    """

    since: datetime
    until: datetime | None = None
    until_event: str = ""
    rule_id: str = ""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UserNotice:
    """Who tells the user, and when.

    Attributes:
        by: who.
        at: at which event, `disclosure` or `effect`; empty if nobody tells.
        not_before: end of an order of silence; None without one.
        silenced: whether an order of silence without end stands in the way.
        rule_id: the rule that says so; empty for the platform's default.
    """

    by: NoticeBy
    at: str = ""
    not_before: datetime | None = None
    silenced: bool = False
    rule_id: str = ""


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where a request belongs instead.

    Attributes:
        to: desk, instrument or body to turn to.
        text: why, in English.
        rule_id: the rule that says so.
    """

    to: str
    text: str
    rule_id: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """The answer to a request.

    Attributes:
        desk: who answers.
        due: by when.
        user_notice: who tells the user.
        profile: profile of the platform's policy that was applied.
        redirect: where else the request belongs; None if it is answered here.
        answers: one a category, in the order asked; empty if redirected.
        steps: what must be done before anything is disclosed, in order.
        tasks: what is owed afterwards or besides, by due instant.
        preservation: what is to be kept meanwhile; None if nothing.
        conflicts: duties that clash, sorted.
        rule_ids: the rules that decided, sorted.
        missing_facts: fields of the request that could change the answer, sorted.
    """

    desk: Desk
    due: Due
    user_notice: UserNotice
    profile: str
    redirect: Redirect | None = None
    answers: tuple[CategoryAnswer, ...] = ()
    steps: tuple[Step, ...] = ()
    tasks: tuple[Step, ...] = ()
    preservation: Preservation | None = None
    conflicts: tuple[Conflict, ...] = ()
    rule_ids: tuple[str, ...] = ()
    missing_facts: tuple[str, ...] = ()
