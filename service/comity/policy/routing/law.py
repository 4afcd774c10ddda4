"""The law of data requests, compiled: what the router reads, and how it comes from the files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from comity.domain.data_route import Desk
from comity.policy.atlas import Atlas, Span
from comity.policy.compiling.moments import FileClock
from comity.policy.compiling.reporting import FileReport
from comity.policy.compiling.spans import subtract
from comity.policy.compiling.texts import compile_text
from comity.policy.documents.desks import DesksFile
from comity.policy.documents.jurisdictions import JurisdictionFile, PlatformFile
from comity.policy.documents.loading import Documents, Read
from comity.policy.documents.requests import DataRequestRule
from comity.policy.documents.rules import Rule
from comity.policy.documents.times import Clock
from comity.policy.documents.vocabulary import DataCategoryTerm
from comity.policy.lexicon import Lexicon
from comity.policy.problems import Level, Problem
from comity.policy.routing.names import Names
from comity.policy.routing.overlaps import check_overlaps
from comity.policy.routing.platform import check_platform, check_profiles
from comity.policy.routing.provisions import (
    CountingClock,
    OffenceList,
    ProfileSpan,
    RequestCheck,
    RequestRule,
    RequestRuling,
    RequestText,
)
from comity.policy.routing.references import check_clocks, check_section
from comity.policy.routing.rulings import compile_request_rulings
from comity.policy.scalars import Duration
from comity.policy.yaml_nodes import Loc

PLATFORM = "any"


@dataclass(frozen=True)
class RequestLaw:
    """Everything that a request for data is judged by.

    Attributes:
        instruments: instrument -> its rules, in the order of the files.
        checks: checks, the platform's first.
        profiles: when each profile of the platform's policy is in use.
        platform: the platform's own rules.
        clock: the clock for the platform's terms.
        categories: data category -> class word of each system of law.
        held: data category -> how long it is kept.
        offence_lists: offence list -> its entries.
        desks: desk -> who answers there.
        texts: rule -> what people read of it.
        lexicon: compiled vocabulary.
        atlas: compiled geography.
        desk_states: desk -> the state in which it is, where that is known.
        rulings: clashes of laws that somebody has weighed.
    """

    instruments: Mapping[str, tuple[RequestRule, ...]]
    checks: tuple[RequestCheck, ...]
    profiles: tuple[ProfileSpan, ...]
    platform: PlatformFile
    clock: CountingClock
    categories: Mapping[str, DataCategoryTerm]
    held: Mapping[str, Duration | str]
    offence_lists: Mapping[str, OffenceList]
    desks: Mapping[str, Desk]
    texts: Mapping[str, RequestText]
    lexicon: Lexicon = field(repr=False)
    atlas: Atlas = field(repr=False)
    desk_states: Mapping[str, str] = field(default_factory=dict)
    rulings: tuple[RequestRuling, ...] = ()

    def profile_at(self, moment: datetime, instrument: str) -> ProfileSpan:
        """Return the profile in use at `moment`; one for `instrument` alone goes first."""
        held = [use for use in self.profiles if use.span.holds(moment)]
        own = [use for use in held if instrument in use.instruments]
        return (own or [use for use in held if not use.instruments])[0]

    def profile_named(self, name: str) -> ProfileSpan | None:
        """Return the profile `name` as if it were always in use; None if there is none."""
        profile = self.platform.profiles.get(name)
        return None if profile is None else ProfileSpan(name, profile, Span())


def compile_request_law(
    documents: Documents, atlas: Atlas, lexicon: Lexicon
) -> tuple[RequestLaw | None, list[Problem]]:
    """Return the law of data requests and every problem found in it.

    The law is None if an error was found, or a file that it needs could not be read.
    """
    problems: list[Problem] = []
    platform, vocabulary, desks = documents.platform, documents.vocabulary, documents.desks
    if platform is None or vocabulary is None or desks is None or documents.groups is None:
        return None, problems
    names = Names(vocabulary.document, desks.document, documents.groups.document)
    builder = _Builder(names, atlas, problems)
    builder.add_all(documents.jurisdictions, platform)
    report = FileReport(platform.tree, problems)
    profiles = _profiles(platform.document, report)
    check_platform(platform.document, report, names)
    check_profiles(profiles, report)
    check_overlaps(builder.rules, builder.reports, atlas)
    rulings = compile_request_rulings(documents, builder.rules, builder.checks, problems)
    if any(problem.level is Level.ERROR for problem in problems):
        return None, problems
    law = RequestLaw(
        instruments=_by_instrument(builder.rules),
        checks=tuple(sorted(builder.checks, key=lambda c: (c.jurisdiction != PLATFORM, c.id))),
        profiles=profiles,
        platform=platform.document,
        clock=CountingClock(platform.document.timezone),
        categories=dict(vocabulary.document.data_categories),
        held={held.category: held.kept for held in platform.document.data_held},
        offence_lists=_offence_lists(documents),
        desks=_desks(desks.document),
        desk_states={n: desk.state for n, desk in desks.document.desks.items() if desk.state},
        rulings=rulings,
        texts=builder.texts,
        lexicon=lexicon,
        atlas=atlas,
    )
    return law, problems


class _Builder:
    """Gathers the rules of all files."""

    def __init__(self, names: Names, atlas: Atlas, problems: list[Problem]) -> None:
        """Gather nothing yet."""
        self._names = names
        self._atlas = atlas
        self._problems = problems
        self.rules: list[RequestRule] = []
        self.reports: dict[str, tuple[FileReport, Loc]] = {}
        self.checks: list[RequestCheck] = []
        self.texts: dict[str, RequestText] = {}

    def add_all(
        self, jurisdictions: Iterable[Read[JurisdictionFile]], platform: Read[PlatformFile]
    ) -> None:
        """Gather the rules and checks of all files."""
        for read in jurisdictions:
            jurisdiction = self._atlas.canonical(read.document.jurisdiction)
            self._add(read, jurisdiction, read.document.data_requests)
        self._add(platform, PLATFORM, ())

    def _add(
        self,
        read: Read[JurisdictionFile] | Read[PlatformFile],
        jurisdiction: str,
        rules: Iterable[DataRequestRule],
    ) -> None:
        """Gather the rules and checks of one file."""
        document = read.document
        report = FileReport(read.tree, self._problems)
        file_clock = FileClock(document.timezone, report)
        check_clocks(document.clocks, report, self._names)
        clocks = {n: self._clock(c, document.timezone) for n, c in document.clocks.items()}
        plain = CountingClock(document.timezone)
        for index, rule in enumerate(rules):
            loc: Loc = ("data_requests", index)
            check_section(rule, loc, report, self._names, document.clocks)
            spans = self._spans(rule, loc, file_clock)
            self.rules.append(RequestRule(rule.id, jurisdiction, spans, rule, clocks, plain))
            self.reports[rule.id] = (report, loc)
            text = compile_text(rule, loc, document.sources, report)
            effect = "binding" if rule.binding else "voluntary"
            self.texts[rule.id] = RequestText(jurisdiction, replace(text, legal_effect=effect))
        for index, check in enumerate(document.checks):
            loc = ("checks", index)
            if jurisdiction == PLATFORM and check.meets == "foreign":
                message = "The platform's checks meet every instrument; leave `meets` out."
                report.say("CP207", (*loc, "meets"), message)
            check_section(check, loc, report, self._names, document.clocks)
            spans = self._spans(check, loc, file_clock)
            self.checks.append(RequestCheck(check.id, jurisdiction, spans, check, plain))
            text = compile_text(check, loc, document.sources, report)
            effect = "practice" if jurisdiction == PLATFORM else "binding"
            self.texts[check.id] = RequestText(jurisdiction, replace(text, legal_effect=effect))

    def _spans(self, rule: Rule, loc: Loc, clock: FileClock) -> tuple[Span, ...]:
        """Return when a rule has effect; one that is unverified never has."""
        in_force = clock.spans_of(rule.in_force, (*loc, "in_force"), rule.recorded_at)
        suspended = clock.spans_of(rule.suspended, (*loc, "suspended"), rule.recorded_at)
        if rule.confidence == "unverified" and rule.apply_unverified is None:
            return ()
        return subtract(in_force, suspended)

    def _clock(self, clock: Clock, zone: str) -> CountingClock:
        """Return a clock of a file in the time zone `zone`."""
        calendar = self._names.desks.holidays.get(clock.holidays or "", ())
        return CountingClock(
            zone=clock.zone or zone,
            counts_first_day=clock.first_day == "same",
            ends_at_start_time=clock.ends == "same_time",
            rolls=clock.roll == "next_working_day",
            holidays=frozenset(day.date for day in calendar),
            on_question=clock.on_question,
            issuer_answers_within=clock.issuer_answers_within,
            order_deadline=clock.order_deadline,
        )


def _by_instrument(rules: Iterable[RequestRule]) -> Mapping[str, tuple[RequestRule, ...]]:
    """Return the rules of each instrument."""
    found: dict[str, tuple[RequestRule, ...]] = {}
    for rule in rules:
        found[rule.terms.instrument] = (*found.get(rule.terms.instrument, ()), rule)
    return found


def _profiles(platform: PlatformFile, report: FileReport) -> tuple[ProfileSpan, ...]:
    """Return when each profile is in use."""
    clock = FileClock(platform.timezone, report)
    found = []
    for index, use in enumerate(platform.in_use):
        span = clock.span_of(use, ("in_use", index), None)
        if span is not None and use.profile in platform.profiles:
            profile = platform.profiles[use.profile]
            found.append(ProfileSpan(use.profile, profile, span, frozenset(use.instruments)))
    return tuple(found)


def _desks(file: DesksFile) -> Mapping[str, Desk]:
    """Return who answers at each desk."""
    return {
        name: Desk(name, desk.languages, desk.zone, desk.hours, desk.out_of_hours or "")
        for name, desk in file.desks.items()
    }


def _offence_lists(documents: Documents) -> Mapping[str, OffenceList]:
    """Return the entries of each offence list that a file lists."""
    assert documents.vocabulary is not None
    lists = {read.document.list: read.document for read in documents.lists}
    return {
        name: OffenceList(frozenset(e.id for e in found.entries), found.complete)
        for name, term in documents.vocabulary.document.offence_lists.items()
        if (found := lists.get(term.list or "")) is not None
    }
