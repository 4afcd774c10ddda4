"""Files `jurisdictions/CODE.yaml` and `platform.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from comity.policy.documents.base import (
    Code,
    Document,
    DurationValue,
    Name,
    OneOrMany,
    Zone,
    choice,
)
from comity.policy.documents.checks import CheckRule
from comity.policy.documents.duties import DutyRule, OrderRule, ReportRule
from comity.policy.documents.norms import ContentRule, Restriction
from comity.policy.documents.reach import OffenceTest
from comity.policy.documents.requests import DataRequestRule, FollowUp, UserNotice
from comity.policy.documents.rules import Rule, Source
from comity.policy.documents.times import Clock, Due, Interval
from comity.policy.scalars import Refused
from comity.policy.yaml_nodes import Loc

SECTIONS = (
    "restrictions", "content", "data_requests", "orders", "reports", "duties", "checks",
)  # fmt: skip


class JurisdictionFile(Document):
    """The rules of one state, body, group or area.

    Attributes:
        jurisdiction: its code or name.
        timezone: IANA zone in which the file's days begin.
        sources: name -> source.
        clocks: name -> clock.
        defaults: keys that rules take over unless they have them; merged before rules are read.
        restrictions: rules on what an account may do.
        content: rules on what a viewer may be shown.
        data_requests: instruments for user data.
        orders: orders about content.
        reports: reports of users.
        duties: what must be told.
        checks: checks on requests for data.
    """

    jurisdiction: Code
    timezone: Zone
    sources: Mapping[Name, Source] = {}
    clocks: Mapping[Name, Clock] = {}
    defaults: Mapping[str, Any] = {}
    restrictions: tuple[Restriction, ...] = ()
    content: tuple[ContentRule, ...] = ()
    data_requests: tuple[DataRequestRule, ...] = ()
    orders: tuple[OrderRule, ...] = ()
    reports: tuple[ReportRule, ...] = ()
    duties: tuple[DutyRule, ...] = ()
    checks: tuple[CheckRule, ...] = ()

    def rules(self) -> Iterator[tuple[Loc, Rule]]:
        """Return all rules, each with its place in the file, in the order of the sections."""
        for section in SECTIONS:
            for index, rule in enumerate(getattr(self, section)):
                yield (section, index), rule

    def norms(self) -> Iterator[tuple[Loc, Restriction | ContentRule]]:
        """Return restrictions and content rules, each with its place in the file."""
        for index, restriction in enumerate(self.restrictions):
            yield ("restrictions", index), restriction
        for index, rule in enumerate(self.content):
            yield ("content", index), rule


class AlsoBy(Document):
    """Further authorities that pass a profile's test.

    Attributes:
        by: authorities.
        issuing_states: only from these codes or groups.
        classes: only for these class words.
    """

    by: OneOrMany[Name]
    issuing_states: OneOrMany[Code] = ()
    classes: OneOrMany[Name] = ()


class ProfileTest(OffenceTest):
    """A test that the platform sets to requests; its name says of what.

    Attributes:
        by: authorities that pass.
        also: further authorities.
        otherwise: key `else`: what a request that fails gets.
    """

    by: OneOrMany[Name] = ()
    also: OneOrMany[AlsoBy] = ()
    otherwise: Literal["refuse", "need_information", "escalate"] = Field(alias="else")


def _choose_ceiling(value: Any) -> str:
    """Return the form of a ceiling."""
    return "<instrument>" if value == "instrument" else "<categories>"


class Profile(Document):
    """What the platform discloses at most, and on which tests.

    Attributes:
        ceiling: data categories, or `instrument` for all that the instrument reaches.
        tests: judicial, suspect, terms_violation, offence -> test.
        steps: steps that every disclosure takes.
    """

    ceiling: Annotated[
        Annotated[Literal["instrument"], Tag("<instrument>")]
        | Annotated[OneOrMany[Name], Tag("<categories>")],
        choice("instrument", _choose_ceiling),
    ]
    tests: Mapping[Literal["judicial", "suspect", "terms_violation", "offence"], ProfileTest] = {}
    steps: OneOrMany[Name] = ()


class ProfileUse(Interval):
    """When a profile is in use.

    Attributes:
        profile: name of the profile.
        instruments: only for these instruments; empty for all.
    """

    profile: Name
    instruments: OneOrMany[Name] = ()


class RequestDefaults(Document):
    """What holds for requests whose instrument says nothing.

    Attributes:
        due: by when to answer.
        need_information_preserve: how long data are preserved while information is awaited.
        desk: desk that answers.
        escalate_to: desk that looks at what is escalated; None for the one that answers.
        user_notice: who tells the user.
    """

    due: Due | None = None
    need_information_preserve: DurationValue | None = None
    desk: Name | None = None
    escalate_to: Name | None = None
    user_notice: UserNotice | None = None


class PlatformEmergency(Document):
    """What the platform does in an emergency.

    Attributes:
        when: situations that are an emergency.
        needs: what is needed all the same.
        data: categories disclosed.
        due: by when.
        desk: desk that answers then.
        steps: steps added to the profile's.
        follow_up: what must come after.
    """

    when: OneOrMany[Name]
    needs: OneOrMany[Name] = ()
    data: OneOrMany[Name]
    due: Due
    desk: Name | None = None
    steps: OneOrMany[Name] = ()
    follow_up: OneOrMany[FollowUp] = ()


def _choose_kept(value: Any) -> str:
    """Return the form of a retention."""
    words = ("account_life", "never", "unknown")
    return "<word>" if value in words else "<duration>"


class HeldData(Document):
    """How long the platform keeps a category of data.

    Attributes:
        category: data category.
        kept: a duration, `account_life`, `never` or `unknown`.
    """

    category: Name
    kept: Annotated[
        Annotated[Literal["account_life", "never", "unknown"], Tag("<word>")]
        | Annotated[DurationValue, Tag("<duration>")],
        choice("account_life never unknown", _choose_kept),
    ]


class PlatformFile(Document):
    """The platform's own rules, which meet everyone.

    Attributes:
        jurisdiction: always `any`.
        timezone: zone in which the file's days begin.
        sources: name -> source.
        clocks: name -> clock.
        restrictions: rules on what an account may do.
        content: rules on what a viewer may be shown.
        checks: checks on all requests for data.
        profiles: name -> what is disclosed at most.
        in_use: when each profile is in use.
        defaults: what holds for requests whose instrument says nothing.
        emergency: what the platform does in an emergency.
        data_held: how long data are kept.
    """

    jurisdiction: Literal["any"] = "any"
    timezone: Zone
    sources: Mapping[Name, Source] = {}
    clocks: Mapping[Name, Clock] = {}
    restrictions: tuple[Restriction, ...] = ()
    content: tuple[ContentRule, ...] = ()
    checks: tuple[CheckRule, ...] = ()
    profiles: Mapping[Name, Profile] = {}
    in_use: tuple[ProfileUse, ...] = ()
    defaults: RequestDefaults = RequestDefaults()
    emergency: PlatformEmergency | None = None
    data_held: tuple[HeldData, ...] = ()

    def rules(self) -> Iterator[tuple[Loc, Rule]]:
        """Return all rules, each with its place in the file, in the order of the sections."""
        yield from self.norms()
        for index, check in enumerate(self.checks):
            yield ("checks", index), check

    def norms(self) -> Iterator[tuple[Loc, Restriction | ContentRule]]:
        """Return restrictions and content rules, each with its place in the file."""
        for index, restriction in enumerate(self.restrictions):
            yield ("restrictions", index), restriction
        for index, rule in enumerate(self.content):
            yield ("content", index), rule

    def faults(self) -> Iterable[Refused]:
        """Return that a profile in use does not exist."""
        for use in self.in_use:
            if use.profile not in self.profiles:
                message = f"'in_use' names the profile {use.profile}, which does not exist."
                yield Refused("CP204", message, key="in_use")
