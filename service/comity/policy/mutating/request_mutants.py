"""All mutants of the law of data requests: instruments, checks, clocks, and the platform's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from comity.policy.atlas import Span
from comity.policy.documents.conflicts import ConflictsFile
from comity.policy.documents.jurisdictions import JurisdictionFile, PlatformFile
from comity.policy.documents.loading import Documents, Read
from comity.policy.documents.requests import DataRequestRule
from comity.policy.mutating.variants import Variant, lengths_beside, variants_of
from comity.policy.routing.law import RequestLaw
from comity.policy.routing.provisions import (
    CountingClock,
    ProfileSpan,
    RequestCheck,
    RequestRule,
    RequestRuling,
)
from comity.policy.scalars import Duration
from comity.policy.yaml_nodes import Loc

ONE_DAY: Final = timedelta(days=1)
WAYS: Final = ((-ONE_DAY, "earlier"), (ONE_DAY, "later"))
PLATFORM: Final = "platform"
PARTS: Final = frozenset({"profiles", "defaults", "emergency"})
# Without these no request can be answered at all.
NEEDED: Final = (("defaults",), ("defaults", "desk"))
NEVER: Final = "never"

RulesFile = Read[JurisdictionFile] | Read[PlatformFile]
P = TypeVar("P", RequestRule, RequestCheck)


@dataclass(frozen=True, slots=True)
class RequestMutant:
    """One small change of the law of data requests.

    Attributes:
        rule_id: the rule or check; `clocks` or `platform` where none is changed.
        file: its policy file, relative to the policy directory.
        line: line of what is changed, from 1.
        change: what is changed, in words.
        law: the law as changed.
        instruments: the instruments to whose requests alone the change can matter; None for all.
    """

    rule_id: str
    file: str
    line: int
    change: str
    law: RequestLaw
    instruments: frozenset[str] | None = None

    def __str__(self) -> str:
        """Return the change with its place."""
        return f"{self.file}:{self.line}: {self.rule_id}: {self.change}"


def request_mutants_of(law: RequestLaw, documents: Documents) -> Iterator[RequestMutant]:
    """Yield the mutants of `law`, compiled from `documents`, in their order.

    A rule that never has an effect bears on no answer: it has no mutants. Nor has the platform,
    where there is no instrument.
    """
    if not law.instruments:
        return
    rules = {rule.id: rule for listed in law.instruments.values() for rule in listed}
    checks = {check.id: check for check in law.checks}
    reads: list[RulesFile] = [*documents.jurisdictions]
    reads += [documents.platform] if documents.platform is not None else []
    for read in sorted(reads, key=lambda read: read.file):
        own = [rules[rule.id] for rule in getattr(read.document, "data_requests", ())]
        yield from _of_clocks(read, own, law)
        for index, rule in enumerate(own):
            yield from _of_provision(rule, read, ("data_requests", index), law)
        for index, written in enumerate(read.document.checks):
            yield from _of_provision(checks[written.id], read, ("checks", index), law)
        if isinstance(read.document, PlatformFile):
            yield from _of_platform(read, law)
    if documents.conflicts is not None:
        yield from _of_rulings(documents.conflicts, law)


def _of_rulings(read: Read[ConflictsFile], law: RequestLaw) -> Iterator[RequestMutant]:
    """Yield each ruling on a clash left out, turned round, and expiring a day off."""
    written = [ruling.between for ruling in read.document.conflicts]
    for number, ruling in enumerate(law.rulings):
        pair = {ruling.forbid_rule_id, ruling.require_rule_id}
        index = next(i for i, between in enumerate(written) if set(between) == pair)
        [other] = pair - {ruling.prefer}
        changed: list[tuple[str, Loc, tuple[RequestRuling, ...]]] = [("left out", (), ())]
        changed.append(("prefers the other one", ("prefer",), (replace(ruling, prefer=other),)))
        for by, way in WAYS:
            moved = replace(ruling, expires=ruling.expires + by)
            changed.append((f"expires a day {way}", ("expires",), (moved,)))
        for words, keys, instead in changed:
            rulings = (*law.rulings[:number], *instead, *law.rulings[number + 1 :])
            line, _ = read.tree.position(("conflicts", index, *keys))
            name = f"{ruling.forbid_rule_id}/{ruling.require_rule_id}"
            mutated = replace(law, rulings=rulings)
            yield RequestMutant(name, read.file, line, f"the ruling {words}", mutated)


def _of_provision(
    provision: P, read: RulesFile, loc: Loc, law: RequestLaw
) -> Iterator[RequestMutant]:
    """Yield what a rule on an instrument, or a check, may be changed to."""
    if not provision.spans:
        return
    instruments = None
    if isinstance(provision, RequestRule):
        instruments = frozenset({provision.terms.instrument})

    def mutant(words: str, within: Loc, changed: P) -> RequestMutant:
        line, _ = read.tree.position((*loc, *(within or ("id",))), of_key=not within)
        return RequestMutant(provision.id, read.file, line, words, _with(law, changed), instruments)

    yield mutant("left out", (), replace(provision, spans=()))
    for words, spans in moved_spans(provision.spans, read.document.timezone):
        yield mutant(words, ("in_force",), replace(provision, spans=spans))
    for variant in _of_terms(provision.terms):
        yield mutant(str(variant), variant.loc, replace(provision, terms=variant.document))


def _of_terms(terms: Any) -> Iterator[Variant]:  # noqa: ANN401 - a rule or a check
    """Yield every small change of what a rule or a check says."""
    yield from variants_of(terms)
    if isinstance(terms, DataRequestRule) and isinstance(terms.due, str):
        other = "at_once" if terms.due == "none" else "none"
        changed = terms.model_copy(update={"due": other})
        yield Variant(("due",), f"{terms.due} is {other}", changed)


def moved_spans(spans: tuple[Span, ...], zone: str) -> Iterator[tuple[str, tuple[Span, ...]]]:
    """Yield `spans` with each of their ends a day earlier and later, and that in words."""
    for number, span in enumerate(spans):
        for end in ("start", "end"):
            instant = getattr(span, end)
            for by, way in WAYS if instant is not None else ():
                moved: dict[str, Any] = {end: instant + by}
                words = f"{instant.astimezone(ZoneInfo(zone)).isoformat()} moved a day {way}"
                yield words, (*spans[:number], replace(span, **moved), *spans[number + 1 :])


def _with(law: RequestLaw, changed: RequestRule | RequestCheck) -> RequestLaw:
    """Return `law` with one rule or check as `changed`."""
    if isinstance(changed, RequestCheck):
        checks = tuple(changed if check.id == changed.id else check for check in law.checks)
        return replace(law, checks=checks)
    instrument = changed.terms.instrument
    rules = tuple(changed if r.id == changed.id else r for r in law.instruments[instrument])
    return replace(law, instruments={**law.instruments, instrument: rules})


def _of_clocks(
    read: RulesFile, rules: Iterable[RequestRule], law: RequestLaw
) -> Iterator[RequestMutant]:
    """Yield each thing that a clock of a file says left out, for all the rules of the file."""
    listed = tuple(rules)
    for name, written in read.document.clocks.items():
        for key in sorted(written.model_fields_set):
            for words, change in _of_clock(key, getattr(written, key)):
                changed = law
                for rule in listed:
                    clocks = {**rule.clocks, name: change(rule.clocks[name])}
                    changed = _with(changed, replace(rule, clocks=clocks))
                line, _ = read.tree.position(("clocks", name, key))
                names = frozenset(rule.terms.instrument for rule in listed)
                told = f"`{name}.{key}` {words}"
                yield RequestMutant("clocks", read.file, line, told, changed, names)


def _of_clock(
    key: str, value: object
) -> Iterator[tuple[str, Callable[[CountingClock], CountingClock]]]:
    """Yield what a key of a clock may be changed to: words, and the change."""
    match key:
        case "roll":
            yield "left out", lambda clock: replace(clock, rolls=False)
        case "holidays":
            yield "left out", lambda clock: replace(clock, holidays=frozenset())
        case "first_day":
            yield (
                "is the other one",
                lambda clock: replace(clock, counts_first_day=not clock.counts_first_day),
            )
        case "ends":
            yield (
                "is the other one",
                lambda clock: replace(clock, ends_at_start_time=not clock.ends_at_start_time),
            )
        case "on_question":
            yield "left out", lambda clock: replace(clock, on_question="runs")
        case "order_deadline":
            yield "left out", lambda clock: replace(clock, order_deadline="earlier")
        case "issuer_answers_within" if isinstance(value, Duration):
            yield "left out", lambda clock: replace(clock, issuer_answers_within=None)
            for other in lengths_beside(value):
                yield (
                    f"is {other.text}",
                    partial(replace, issuer_answers_within=other),
                )


def _of_platform(read: Read[PlatformFile], law: RequestLaw) -> Iterator[RequestMutant]:
    """Yield what the platform's profiles, defaults, emergency and data may be changed to."""

    def mutant(words: str, loc: Loc, changed: RequestLaw) -> RequestMutant:
        line, _ = read.tree.position(loc)
        return RequestMutant(PLATFORM, read.file, line, words, changed)

    for variant in variants_of(read.document, PARTS):
        needed = variant.loc in NEEDED or (variant.loc[0] == "profiles" and len(variant.loc) == 2)  # noqa: PLR2004 - a whole profile
        if not needed:
            yield mutant(str(variant), variant.loc, _with_platform(law, variant.document))
    for index, held in enumerate(read.document.data_held):
        for kept in _other_times(held.kept):
            changed = replace(law, held={**law.held, held.category: kept})
            words = f"kept for {kept.text}" if isinstance(kept, Duration) else f"kept: {kept}"
            yield mutant(f"{held.category} is {words}", ("data_held", index), changed)
    edges = {e for use in law.profiles for e in (use.span.start, use.span.end) if e is not None}
    for edge in sorted(edges):
        for by, way in WAYS:
            moved = replace(law, profiles=tuple(_moved(use, edge, by) for use in law.profiles))
            yield mutant(f"{edge.isoformat()} moved a day {way}", ("in_use",), moved)


def _other_times(kept: Duration | str) -> Iterator[Duration | str]:
    """Yield for how long a category might be kept instead."""
    if isinstance(kept, Duration):
        yield from lengths_beside(kept)
    else:
        yield "account_life" if kept == NEVER else NEVER


def _moved(use: ProfileSpan, edge: datetime, by: timedelta) -> ProfileSpan:
    """Return when a profile is in use if the instant `edge` were another one."""
    start, end = (at + by if at == edge else at for at in (use.span.start, use.span.end))
    return replace(use, span=Span(start, end))


def _with_platform(law: RequestLaw, platform: PlatformFile) -> RequestLaw:
    """Return `law` with other rules of the platform."""
    uses = tuple(replace(use, profile=platform.profiles[use.name]) for use in law.profiles)
    return replace(law, platform=platform, profiles=uses)
