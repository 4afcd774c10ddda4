"""What is remembered of answers: by which octets they are found, and what is ready of each."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Final

from comity.app.ports.place_lookup import PlaceFinding
from comity.app.ports.policy_source import PolicyInForce
from comity.domain.facts import Age, BornBetween
from comity.domain.request import Options
from comity.grpc_api.contradictions import FURTHEST_AHEAD
from comity.grpc_api.known_facts import MOST_BYTES
from comity.grpc_api.reply_octets import encode_revision, encode_valid_until
from comity.policy.date_classes import AgeClass, DateClasses
from comity.policy.engine.ages import Birthday, next_birthday
from comity.policy.engine.cache import Cache
from comity.telemetry.prepared_spans import Decided, PreparedSpan, encode_ending

MOST_OCTETS: Final = MOST_BYTES  # of facts and options together
ASKED_KEPT: Final = 4096
OPTIONS_KEPT: Final = 256
ANSWERS_KEPT: Final = 8192
AGES_KEPT: Final = 16_384
ENDINGS_KEPT: Final = 64  # of each age
_DAY: Final = timedelta(days=1)

Key = tuple[Hashable, ...]
# A birth date, or the name of another field and its number; None for no age.
Given = str | tuple[str, int] | None


@dataclass(frozen=True, slots=True, eq=False)
class Ending:
    """When answers end, unless a birthday comes before; one object for each.

    Attributes:
        until: first instant at which they could change, birthdays left aside; None if never.
        birthdays: birthdays that could change them.
        in_replies: whether replies say when they end.
    """

    until: datetime | None
    birthdays: tuple[Birthday, ...]
    in_replies: bool = True

    def told(self, age: Age | None, now: datetime) -> tuple[bytes, bytes]:
        """Return what a reply, and what a span, says of it for somebody of `age`."""
        until = self.until
        if self.birthdays and isinstance(age, BornBetween):
            birthday = next_birthday(age, self.birthdays, now)
            if birthday is not None:
                until = min(birthday, until or birthday)
        in_reply = encode_valid_until(until) if self.in_replies else b""
        return in_reply, encode_ending(age, until)


@dataclass(frozen=True, slots=True, eq=False)
class KnownAge:
    """An age, and what has been worked out of it for the present moment.

    Attributes:
        age: the age; None if none is given.
        kind: its class.
        endings: what is told of the ends of answers about it.
    """

    age: Age | None
    kind: AgeClass
    endings: dict[Ending, tuple[bytes, bytes]] = field(default_factory=dict)

    def ending(self, ending: Ending, now: datetime) -> tuple[bytes, bytes]:
        """Return what a reply, and what a span, says of the end of an answer about this age."""
        told = self.endings.get(ending)
        if told is None:
            if len(self.endings) >= ENDINGS_KEPT:  # callers may make them up: labels that end
                self.endings.clear()
            told = self.endings[ending] = ending.told(self.age, now)
        return told


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Facts and options without a fault of their own, and what they leave to the subject.

    Attributes:
        options: how to answer.
        takes_age: whether a subject may have an age: it isn't said to be unknown.
        takes_creation: the same of the account's creation.
    """

    options: Options
    takes_age: bool
    takes_creation: bool


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """An answer that was given, but for what belongs to the call and the account.

    Attributes:
        start: first instant at which it may be given.
        end: first instant at which it may not.
        reply: octets that its replies have in common.
        ending: when it ends.
        span: what makes its spans.
        count: counts so many like it.
        finding: what its identity is part of the key, and so must not be another's.
    """

    start: datetime
    end: datetime
    reply: bytes
    ending: Ending
    span: PreparedSpan
    count: Callable[[float], None]
    finding: PlaceFinding | None


Found = tuple[Key, PlaceFinding | None, KnownAge, str, str | None]
"""What the octets of a question lead to: the key that names the answer, the place of the address,
None if none is given, the age, the account, empty if none is given, and the country of the phone
number, empty if it has none, None if none is given."""

Recalled = tuple[Known, bytes, Decided]
"""An answer that may be given again: the answer, what a reply says of its end, and what makes its
span."""


class _Ages:
    """The ages seen in one stretch of time."""

    def __init__(self, start: datetime, end: datetime) -> None:
        """Know none yet from `start` until `end`."""
        self.start = start
        self.end = end
        self.known: Cache[Given, KnownAge] = Cache(AGES_KEPT)


class Memory:
    """What is remembered of one revision; shared by threads.

    Attributes:
        policy: the revision.
        revision: the revision as a field of the reply to a batch.
        classes: classes of dates.
        asked: questions that came before, by the octets of their options and facts.
        glimpsed: those that came only once.
        options: options that came before, by their octets, if answers to them may be given again.
        answers: their answers.
    """

    def __init__(self, policy: PolicyInForce, classes: DateClasses) -> None:
        """Remember nothing yet."""
        self.policy = policy
        self.revision = encode_revision(policy.revision)
        self.classes = classes
        self.asked: Cache[tuple[bytes, bytes], Asked] = Cache(ASKED_KEPT)
        self.glimpsed: Cache[tuple[bytes, bytes], bool] = Cache(ASKED_KEPT)
        self.options: Cache[bytes, Options] = Cache(OPTIONS_KEPT)
        self.answers: Cache[Key, Known] = Cache(ANSWERS_KEPT)
        self._endings: Cache[Hashable, Ending] = Cache(ANSWERS_KEPT)
        start = datetime.min.replace(tzinfo=UTC)
        self._ages = _Ages(start, start)

    def ages_at(self, now: datetime) -> Cache[Given, KnownAge]:
        """Return the ages known at `now`."""
        ages = self._ages
        if not ages.start <= now < ages.end:
            start, end = self.classes.moment(now)
            # What is no day of birth yet may be one tomorrow.
            today = datetime.combine((now + FURTHEST_AHEAD).date(), time(), UTC) - FURTHEST_AHEAD
            ages = self._ages = _Ages(max(start, today), min(end, today + _DAY))
        return ages.known

    def comes_again(self, octets: tuple[bytes, bytes], asked: Asked) -> bool:
        """Return whether a question came before, and remember that it came.

        Most facts that come once don't come again, and need no more room.
        """
        options, facts = octets
        if len(options) + len(facts) > MOST_OCTETS:
            return False
        if self.asked.get(octets) is asked:
            return True
        if self.glimpsed.get(octets) is None:
            self.glimpsed.put(octets, True)
            return False
        self.asked.put(octets, asked)
        return True

    def ending(
        self, until: datetime | None, birthdays: tuple[Birthday, ...], *, in_replies: bool = True
    ) -> Ending:
        """Return the one object for this ending."""
        key = (until, birthdays, in_replies)
        return self._endings.get(key) or self._endings.put(key, Ending(*key))


class Moment:
    """What is remembered, as it is at one instant.

    Attributes:
        memory: what is remembered.
        now: the instant.
        ages: the ages known at it.
        form: how answers are recorded.
    """

    __slots__ = ("ages", "form", "memory", "now")

    def __init__(self, memory: Memory, now: datetime, form: str) -> None:
        """Look at `memory` at `now`, for answers that are recorded in this `form`."""
        self.memory = memory
        self.now = now
        self.ages = memory.ages_at(now)
        self.form = form
