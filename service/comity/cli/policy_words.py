"""Compiled rules in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import starmap
from typing import Final
from zoneinfo import ZoneInfo

from comity.policy.lexicon import Lexicon
from comity.policy.rule_texts import Citation, RuleText, SuspensionEntry
from comity.policy.rules import AgeBand, Clause, CreationBand, Modality, Rule, Undecided
from comity.policy.scenarios.wording import word_outcome
from comity.policy.schedule import Schedule

_FACTORS: Final[Mapping[str, str]] = {
    "presence": "is in",
    "phone_country": "has a phone number of",
    "residence": "lives in",
    "nationality": "is a national of",
    "works_for": "works for",
    "store_country": "has an app store account of",
    "network": "is on the network of",
}
_REQUEST: Final = (
    ("product", "products", ""),
    ("action", "actions", ""),
    ("device", "devices", ""),
    ("item", "items", ""),
    ("purpose", "purposes", ""),
    ("label", "labels", ""),
    ("product", "not_products", "no "),
    ("device", "not_devices", "no "),
    ("item", "not_items", "no "),
    ("purpose", "not_purposes", "no "),
)
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Line = tuple[str, str]


def rule_lines(rule: Rule, lexicon: Lexicon, zone: str, now: datetime) -> Iterator[Line]:
    """Yield what `rule` says, each part with its heading; instants in `zone`."""
    yield "Now", _state(rule, zone, now)
    if rule.modality is Modality.REQUIRE:
        yield "Requires", rule.requires
    if rule.derogates:
        yield "Derogates", ", ".join(rule.derogates)
    for heading, clauses in (
        ("Meets", rule.body),
        ("Except", rule.exceptions),
        ("Except a person", rule.person_exceptions),
        ("Only a person", rule.person_conditions),
    ):
        if clauses:
            yield heading, "; or ".join(_clause(clause, lexicon, zone) for clause in clauses)
    yield "While unknown", _unknown(rule)
    yield "In force", "; ".join(_spans(rule, zone)) or word_never(rule.text)
    if rule.timeline.schedule is not None:
        yield "Only at", _schedule(rule.timeline.schedule)
    yield from text_lines(rule.text)


def text_lines(text: RuleText) -> Iterator[Line]:
    """Yield who made a rule, where it can be read and how far it is relied on."""
    yield "Authority", text.authority
    yield "Source", _citation(text.citation)
    basis = f" ({text.platform_basis})" if text.platform_basis else ""
    yield "Legal effect", f"{text.legal_effect}{basis}"
    if (reach := text.reach_abroad) is not None:
        cited = f" ({_citation(reach.citation)})" if reach.citation != text.citation else ""
        yield "Reaches abroad", f"{reach.why}{cited}"
    review = f"; review by {text.review_by.isoformat()}" if text.review_by is not None else ""
    yield "Confidence", f"{text.confidence}, recorded {text.recorded_at}{review}"
    if text.apply_unverified:
        yield "Applied because", text.apply_unverified
    if text.confidential:
        yield "Confidential", "told only to those entitled to the legal view"
    for pause in text.suspensions:
        yield "Suspended", _suspension(pause)
    for entry in text.history:
        by = f" by {entry.by}" if entry.by else ""
        yield "History", f"{entry.on}: {entry.event}{by}"
    if text.note:
        yield "Note", text.note
    yield "File", f"{text.file}:{text.line}"


def _citation(citation: Citation) -> str:
    """Return where something can be read."""
    return ", ".join(filter(None, (citation.title, citation.pinpoint, citation.url)))


def _suspension(pause: SuspensionEntry) -> str:
    """Return when a rule is suspended, how and by whom."""
    bounds = (("from", pause.since), ("until", pause.until), ("through", pause.through))
    times = " ".join(f"{word} {at}" for word, at in bounds if at)
    note = f" ({pause.note})" if pause.note else ""
    return f"{times}: {pause.kind} by {pause.by}{note}"


def word_never(text: RuleText) -> str:
    """Return that a rule is in force at no time, and why."""
    if text.legal_effect == "proposal":
        return "never: a proposal"
    if text.confidence == "unverified" and not text.apply_unverified:
        return "never: unverified"
    pauses = "; ".join(f"{pause.kind} by {pause.by}" for pause in text.suspensions)
    return f"never: suspended before it began, {pauses}" if pauses else "never"


def word_name(name: str) -> str:
    """Return a name of the vocabulary as words; codes stay as they are."""
    return name.replace("_", " ") if name.islower() else name


def word_names(names: Iterable[str]) -> str:
    """Return names of the vocabulary, sorted, as an alternative."""
    listed = sorted(map(word_name, names))
    return " or ".join(filter(None, (", ".join(listed[:-1]), *listed[-1:])))


def word_instant(instant: datetime, zone: str) -> str:
    """Return an instant in `zone`, with its offset."""
    return instant.astimezone(ZoneInfo(zone)).isoformat()


def _state(rule: Rule, zone: str, now: datetime) -> str:
    """Return whether a rule is in force, what it does, and when that changes."""
    state = rule.timeline.state_at(now)
    worded = "not in force"
    if state is not None:
        worded = "in force"
        if rule.modality is Modality.FORBID:
            worded += f": {word_outcome(state)}"
    change = rule.timeline.next_change(now)
    return worded + (f"; next change {word_instant(change, zone)}" if change is not None else "")


def _spans(rule: Rule, zone: str) -> Iterator[str]:
    """Yield each time in which a rule is in force, and what it does then."""
    edges = (None, *rule.timeline.instants, None)
    for number, state in enumerate(rule.timeline.states):
        if state is None:
            continue
        start, end = edges[number], edges[number + 1]
        words = [f"from {word_instant(start, zone)}"] if start is not None else []
        words += [f"until {word_instant(end, zone)}"] if end is not None else []
        effect = f": {word_outcome(state)}" if rule.modality is Modality.FORBID else ""
        yield (" ".join(words) or "always") + effect


def _unknown(rule: Rule) -> str:
    """Return what a rule asks while facts are unknown."""
    asked = []
    for fact, what in sorted(rule.when_unknown.items(), key=lambda item: item[0] == "other"):
        worded = word_name(what.value) if isinstance(what, Undecided) else word_outcome(what)
        asked.append(f"{word_name(fact)}: {worded}")
    return "; ".join(asked)


def _schedule(schedule: Schedule) -> str:
    """Return the recurring windows of a schedule."""
    days = ", ".join(_WEEKDAYS[day] for day in sorted(schedule.weekdays))
    windows = ", ".join(f"{w.start:%H:%M}-{w.end:%H:%M}" for w in schedule.windows)
    dates = ", ".join(starmap(_days, schedule.dates))
    closed = ", ".join(starmap(_days, schedule.except_dates))
    within = f" within {dates}" if dates else ""
    return f"{windows} on {days}{within}" + (f" except {closed}" if closed else "")


def _days(first: date, last: date) -> str:
    """Return days as a policy file writes them."""
    return f"{first}/{last}" if first != last else str(first)


def _clause(clause: Clause, lexicon: Lexicon, zone: str) -> str:
    """Return whom and what a clause meets."""
    words = [_connection(clause)] if clause.names_connection else []
    deniable = lexicon.kinds.get("action", {}).keys() - lexicon.never_deny
    for dimension, field, negation in _REQUEST:
        named = getattr(clause, field)
        if named is None or (field == "actions" and named == deniable):
            continue
        words.append(f"{negation}{dimension} {word_names(named)}")
    if clause.age is not None:
        words.append(_age(clause.age))
    if clause.created is not None:
        words.append(_created(clause.created, zone))
    return ", ".join(words) or "everybody"


def _connection(clause: Clause) -> str:
    """Return which connections a clause meets."""
    factors = sorted(clause.factors or ())
    worded = " or ".join(_FACTORS[factor] for factor in factors) or "is connected to"
    worded = (
        f"who {worded} {word_names(clause.places) if clause.places is not None else 'any place'}"
    )
    if clause.populations is not None:
        worded += f" as {word_names(clause.populations)}"
    return worded + (" by a connection of low trust" if clause.low_trust else "")


def _age(band: AgeBand) -> str:
    """Return an age range."""
    words = [f"aged {band.from_years} or more"] if band.from_years is not None else []
    words += [f"under {band.below_years}"] if band.below_years is not None else []
    return " and ".join(words)


def _created(band: CreationBand, zone: str) -> str:
    """Return when accounts were created that a clause meets."""
    words = ["with an account created"]
    words += [f"from {word_instant(band.start, zone)}"] if band.start is not None else []
    words += [f"before {word_instant(band.end, zone)}"] if band.end is not None else []
    return " ".join(words)
