"""When remembered answers end, and how much is remembered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from comity.domain.facts import AtLeastYears, BornBetween
from comity.grpc_api.remembered_answers import ENDINGS_KEPT, Ending, KnownAge, Memory
from comity.policy.coarse_dates import NO_DATES, DateSteps
from comity.policy.date_classes import AgeClass, DateClasses
from comity.v1 import eligibility_service_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1 import trace_pb2
from property.vocabulary import ZONES
from unit.grpc_api.small_world import NOW, RULESET, SmallPolicy

KIND = AgeClass(None, NO_DATES)
DAYS = st.dates(date(1990, 1, 1), date(2024, 12, 31))
INSTANTS = st.integers(0, 365 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
BIRTHDAYS = st.lists(st.tuples(st.sampled_from(ZONES), st.integers(0, 30)), max_size=4).map(tuple)


def told_in_reply(octets: bytes) -> datetime | None:
    """Return the end that a reply tells."""
    reply = eligibility_service_pb2.CheckEligibilityResponse.FromString(octets)
    if not reply.HasField("valid_until"):
        return None
    return reply.valid_until.ToDatetime(tzinfo=UTC)


def told_in_span(octets: bytes) -> str:
    """Return the end that a span tells; empty for none."""
    attributes = trace_pb2.Span.FromString(octets).attributes
    assert [a.key for a in attributes] in ([], ["comity.decision.valid_until"])
    return attributes[0].value.string_value if attributes else ""


def birthday(born: date, zone: str, years: int) -> datetime:
    """Return the instant at which so many years are completed."""
    try:
        day = born.replace(year=born.year + years)
    except ValueError:  # 29 February
        day = date(born.year + years, 3, 1)
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(born=DAYS, now=INSTANTS, until=st.none() | INSTANTS, birthdays=BIRTHDAYS, near=st.booleans())
def test_an_end_is_never_late_and_tells_no_birthday(
    born: date,
    now: datetime,
    until: datetime | None,
    birthdays: tuple[tuple[str, int], ...],
    near: bool,  # noqa: FBT001
) -> None:
    """It is the first of the answer's end and all birthdays to come; a span leaves out those."""
    if near:  # a day or less before a birthday
        now = birthday(born, "UTC", 2024 - born.year) - timedelta(hours=now.hour)
    until = until if until is None or until > now else None
    in_reply, in_span = Ending(until, birthdays).told(BornBetween(born, born), now)
    to_come = [birthday(born, *each) for each in birthdays]
    ends = [end for end in to_come if end > now]
    ends += [until] if until is not None else []
    assert told_in_reply(in_reply) == min(ends, default=None)
    if told_in_reply(in_reply) in to_come or not ends:
        assert told_in_span(in_span) == ""
    elif abs((min(ends).date() - born.replace(year=2024, day=min(born.day, 28))).days) > 3:
        assert told_in_span(in_span) == min(ends).isoformat()


def test_birthdays_of_attested_ages_are_not_known() -> None:
    """The answer's own end is told, in both."""
    until = NOW + timedelta(days=1)
    for age in (None, AtLeastYears(13)):
        in_reply, in_span = Ending(until, (("UTC", 14),)).told(age, NOW)
        assert told_in_reply(in_reply) == until
        assert told_in_span(in_span) == until.isoformat()


def test_both_ends_of_a_range_of_births_have_birthdays() -> None:
    """The oldest whom a person may be may come of age first."""
    age = BornBetween(date(2010, 11, 1), date(2010, 12, 31))
    in_reply, in_span = Ending(None, (("Europe/Kyiv", 14),)).told(age, NOW)
    assert told_in_reply(in_reply) == datetime(2024, 10, 31, 22, tzinfo=UTC)
    assert told_in_span(in_span) == ""


def test_what_is_told_of_an_end_is_worked_out_once() -> None:
    """The same octets come again; another ending has its own."""
    known = KnownAge(AtLeastYears(13), KIND)
    first, other = Ending(NOW, ()), Ending(NOW + timedelta(days=1), ())
    told = known.ending(first, NOW)
    assert known.ending(first, NOW) is told
    assert known.ending(other, NOW) != told
    assert told_in_reply(known.ending(other, NOW)[0]) == other.until


def test_callers_can_t_make_an_age_remember_ever_more_endings() -> None:
    """Labels that end at a time of their own each would fill the memory."""
    known = KnownAge(None, KIND)
    endings = [Ending(NOW + timedelta(seconds=n), ()) for n in range(3 * ENDINGS_KEPT)]
    for ending in endings:
        assert told_in_reply(known.ending(ending, NOW)[0]) == ending.until
        assert len(known.endings) <= ENDINGS_KEPT


def memory() -> Memory:
    """Return a memory of the small world."""
    policy = SmallPolicy()
    return Memory(policy, DateClasses(policy.engine, DateSteps(RULESET)))


def test_equal_endings_are_one_object() -> None:
    """So that they are found again by what they are."""
    kept = memory()
    assert kept.ending(NOW, ()) is kept.ending(NOW, ())
    assert kept.ending(NOW, ()) is not kept.ending(None, ())
    untold = kept.ending(NOW, (), in_replies=False)
    assert untold is not kept.ending(NOW, ())
    assert untold.told(None, NOW) == (b"", kept.ending(NOW, ()).told(None, NOW)[1])


def test_ages_are_forgotten_when_a_day_begins_somewhere() -> None:
    """Whose day of birth it is, nobody can be sure of before, whichever way the clock is set."""
    kept = memory()
    tomorrow_in_kiribati = datetime(2024, 10, 1, 10, tzinfo=UTC)
    before = kept.ages_at(tomorrow_in_kiribati - timedelta(microseconds=1))
    after = kept.ages_at(tomorrow_in_kiribati)
    assert before is not after
    assert kept.ages_at(tomorrow_in_kiribati + timedelta(minutes=5)) is after
    assert kept.ages_at(tomorrow_in_kiribati - timedelta(microseconds=1)) is not after


def test_ages_are_forgotten_at_midnight_where_rules_count_years() -> None:
    """Midnight in New York: a rule of the small world counts years there."""
    kept = memory()
    midnight = datetime(2024, 10, 2, 4, tzinfo=UTC)
    before = kept.ages_at(midnight - timedelta(microseconds=1))
    assert kept.ages_at(midnight) is not before
