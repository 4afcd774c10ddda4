"""What happens to rules on which day: starts, ends, changes, suspensions, reviews."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from comity.policy.atlas import Span
from comity.policy.bundle import Bundle
from comity.policy.compiling.moments import FileClock
from comity.policy.compiling.reporting import FileReport
from comity.policy.compiling.spans import unite
from comity.policy.documents.jurisdictions import JurisdictionFile, PlatformFile
from comity.policy.documents.loading import Documents, Read
from comity.policy.documents.norms import Norm
from comity.policy.documents.rules import Rule as WrittenRule
from comity.policy.rules import Rule
from comity.policy.scenarios.wording import word_outcome
from comity.policy.yaml_nodes import Loc

_AN_INSTANT = timedelta(microseconds=1)


class Happening(StrEnum):
    """What happens to a rule; the value is how it is told."""

    STARTS = "starts"
    ENDS = "ends"
    CHANGES = "changes its effect"
    SUSPENDED = "is suspended"
    RESUMES = "is no longer suspended"
    HOURS_BEGIN = "begins its hours"
    HOURS_END = "ends its hours"
    REVIEW = "is due for review"
    RULING_EXPIRES = "is no longer preferred by a ruling"
    WAIVER_EXPIRES = "is no longer spared by a waiver"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happens on one day.

    Attributes:
        day: the day, in the zone of the file.
        happening: what happens.
        rule_id: the rule, `id#DK` for one member of a rule; of the platform, the profile.
        title: the rule's title.
        file: path relative to the policy directory, with `/`.
        line: line, from 1.
        at: the instant; None for what is due on a day as a whole.
        zone: IANA zone of the file.
        recorded_at: day on which it was recorded, if that is known, else `day`; ISO 8601.
        detail: what else is to be said; empty if nothing.
    """

    day: date
    happening: Happening
    rule_id: str
    title: str
    file: str
    line: int
    at: datetime | None
    zone: str
    recorded_at: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Agenda:
    """What happens within some days.

    Attributes:
        first: the first of the days.
        days: how many days.
        overdue: reviews that were due before, the oldest first.
        entries: what happens, by day.
    """

    first: date
    days: int
    overdue: tuple[Entry, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class _Subject:
    """A rule as written, where it stands, and what it was compiled to."""

    rule: WrittenRule
    loc: Loc
    read: Read[JurisdictionFile] | Read[PlatformFile]
    compiled: tuple[Rule, ...]

    @property
    def zone(self) -> str:
        """The zone of the file."""
        return self.read.document.timezone

    def entry(
        self,
        day: date | datetime,
        happening: Happening,
        detail: str = "",
        rule_id: str | None = None,
    ) -> Entry:
        """Return what happens to the rule, on a day or at an instant."""
        line, _ = self.read.tree.position((*self.loc, "id"))
        at = day if isinstance(day, datetime) else None
        return Entry(
            day=at.astimezone(ZoneInfo(self.zone)).date() if at is not None else day,
            happening=happening,
            rule_id=rule_id or self.rule.id,
            title=self.rule.title,
            file=self.read.file,
            line=line,
            at=at,
            zone=self.zone,
            detail=detail,
            recorded_at=self.rule.recorded_at.date.isoformat(),
        )


def agenda_of(bundle: Bundle, documents: Documents, first: date, days: int) -> Agenda:
    """Return what happens on `days` days from `first` on, and what should have been reviewed."""
    entries = sorted(all_entries(bundle, documents), key=_order)
    last = first + timedelta(days=days)
    return Agenda(
        first,
        days,
        tuple(e for e in entries if e.happening is Happening.REVIEW and e.day < first),
        tuple(e for e in entries if first <= e.day < last),
    )


def all_entries(bundle: Bundle, documents: Documents) -> Iterator[Entry]:
    """Yield everything that happened or will happen to the rules of all files."""
    files: list[Read[JurisdictionFile] | Read[PlatformFile]] = [*documents.jurisdictions]
    if documents.platform is not None:
        files.append(documents.platform)
        yield from _profiles(documents.platform)
    compiled: dict[str, tuple[Rule, ...]] = {}
    for rule in (*bundle.eligibility.rules, *bundle.content.rules):
        written = rule.id.partition("#")[0]
        compiled[written] = (*compiled.get(written, ()), rule)
    subjects = [
        _Subject(rule, loc, read, compiled.get(rule.id, ()))
        for read in files
        for loc, rule in read.document.rules()
    ]
    for subject in subjects:
        yield from _entries(subject)
    yield from _weighed(documents, {subject.rule.id: subject for subject in subjects})


def _profiles(read: Read[PlatformFile]) -> Iterator[Entry]:
    """Yield when profiles of what the platform discloses come into use and go out of it."""
    zone = read.document.timezone
    clock = FileClock(zone, FileReport(read.tree))
    for index, use in enumerate(read.document.in_use):
        loc = ("in_use", index)
        line, _ = read.tree.position(loc)
        for span in clock.spans_of((use,), loc):
            for at, happening in ((span.start, Happening.STARTS), (span.end, Happening.ENDS)):
                if at is not None:
                    day = at.astimezone(ZoneInfo(zone)).date()
                    yield Entry(
                        day=day,
                        happening=happening,
                        rule_id=use.profile,
                        title="What the platform discloses",
                        file=read.file,
                        line=line,
                        at=at,
                        zone=zone,
                        recorded_at=day.isoformat(),
                    )


def _entries(subject: _Subject) -> Iterator[Entry]:
    """Yield everything that happens to one rule."""
    rule = subject.rule
    if rule.review_by is not None:
        yield subject.entry(rule.review_by.date, Happening.REVIEW)
    if _is_idle(rule):
        return
    clock = FileClock(subject.zone, FileReport(subject.read.tree))
    spans = unite(clock.spans_of(rule.in_force, (*subject.loc, "in_force"), rule.recorded_at))
    pauses = clock.spans_of(rule.suspended, (*subject.loc, "suspended"), rule.recorded_at)
    edges = {e for span in (*spans, *pauses) for e in (span.start, span.end) if e is not None}
    for edge in sorted(edges):
        yield from _turn(subject, edge, spans, pauses)
    for compiled in subject.compiled:
        yield from _changes(subject, compiled, edges)
    yield from _hours(subject)


def _turn(
    subject: _Subject, edge: datetime, spans: Sequence[Span], pauses: Sequence[Span]
) -> Iterator[Entry]:
    """Yield what happens to the rule at an edge of its intervals or suspensions."""

    def holds(listed: Sequence[Span], now: datetime) -> bool:
        return any(span.holds(now) for span in listed)

    before = edge - _AN_INSTANT
    was, runs = holds(spans, before), holds(spans, edge)
    paused, pauses_now = holds(pauses, before), holds(pauses, edge)
    by = ", ".join(s.by for s, span in zip(subject.rule.suspended, pauses, strict=True)
                   if edge in (span.start, span.end) or span.holds(edge))  # fmt: skip
    if not was and runs:
        if pauses_now:
            yield subject.entry(edge, Happening.SUSPENDED, f"would start; by {by}")
        else:
            yield subject.entry(edge, Happening.STARTS, _beginning(subject, edge))
    elif was and not runs:
        yield subject.entry(edge, Happening.ENDS, "while suspended" if paused else "")
    elif was and runs and paused != pauses_now:
        happening = Happening.SUSPENDED if pauses_now else Happening.RESUMES
        yield subject.entry(edge, happening, f"by {by}" if pauses_now else "")


def _changes(subject: _Subject, compiled: Rule, told: set[datetime]) -> Iterator[Entry]:
    """Yield the changes of effect, and what happens to one member of a rule alone."""
    timeline = compiled.timeline
    member = compiled.id if len(subject.compiled) > 1 else None
    for instant, before, after in zip(
        timeline.instants, timeline.states, timeline.states[1:], strict=False
    ):
        if before is not None and after is not None:
            words = f"from {word_outcome(before)} to {word_outcome(after)}"
            yield subject.entry(instant, Happening.CHANGES, words, member)
        elif instant not in told and member is not None:
            happening = Happening.STARTS if before is None else Happening.ENDS
            yield subject.entry(instant, happening, rule_id=member)


def _hours(subject: _Subject) -> Iterator[Entry]:
    """Yield the first and the last day of the dates of a schedule on which it is in force."""
    rule = subject.rule
    if not isinstance(rule, Norm) or rule.schedule is None:
        return
    for schedule in {compiled.timeline.schedule for compiled in subject.compiled}:
        if schedule is None:
            continue
        for first, last in schedule.dates:
            opens = [start for start, _ in schedule.windows_of(first)]
            if opens and _runs(subject, min(opens)):
                yield subject.entry(min(opens), Happening.HOURS_BEGIN, f"until {last}")
            closes = [end for _, end in schedule.windows_of(last)]
            if closes and _runs(subject, max(closes) - _AN_INSTANT):
                yield subject.entry(max(closes), Happening.HOURS_END)


def _runs(subject: _Subject, now: datetime) -> bool:
    """Return whether any compiled rule is in force at `now`."""
    return any(compiled.timeline.state_at(now) is not None for compiled in subject.compiled)


def _beginning(subject: _Subject, start: datetime) -> str:
    """Return what the rule does from `start` on, and whether that start is only assumed."""
    timelines = [compiled.timeline for compiled in subject.compiled[:1]]
    states = [timeline.states[bisect_right(timeline.instants, start)] for timeline in timelines]
    told = [word_outcome(state) for state in states if state is not None and state.effect]
    recorded = subject.rule.recorded_at.date
    if start.astimezone(ZoneInfo(subject.zone)).date() == recorded and any(
        interval.start == "unknown" for interval in subject.rule.in_force
    ):
        told.append("counted from the day of recording, the start is not known")
    return "; ".join(told)


def _is_idle(rule: WrittenRule) -> bool:
    """Return whether a rule is never in force, whatever its intervals say."""
    proposal = isinstance(rule, Norm) and rule.legal_effect == "proposal"
    return proposal or (rule.confidence == "unverified" and rule.apply_unverified is None)


def _weighed(documents: Documents, subjects: Mapping[str, _Subject]) -> Iterator[Entry]:
    """Yield the days on which rulings and waivers expire."""
    if documents.conflicts is not None:
        for ruling in documents.conflicts.document.conflicts:
            subject = subjects.get(ruling.prefer)
            if subject is not None:
                others = " and ".join(i for i in ruling.between if i != ruling.prefer)
                expires = ruling.expires.at
                yield subject.entry(expires, Happening.RULING_EXPIRES, f"over {others}")
    if documents.waivers is not None:
        for waiver in documents.waivers.document.waivers:
            subject = subjects.get(waiver.rule)
            if subject is not None:
                yield subject.entry(waiver.expires.date, Happening.WAIVER_EXPIRES, waiver.code)


def _order(entry: Entry) -> tuple[date, str, int, str, str]:
    """Return the order in which entries are told."""
    return (entry.day, entry.file, entry.line, entry.rule_id, entry.happening.value)
