"""Generated records of decisions: names of any script, seals, ghosts, nothing at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from comity.app.ports.decision_recorder import DecisionRecord
from comity.domain.decision import Conflict, Decision, Determination, Reason, Standing
from comity.domain.effect import (
    Hold,
    Outcome,
    Quota,
    Restrict,
    Verify,
    Warn,
    WithheldObject,
    Withhold,
)
from comity.domain.facts import (
    AtLeastYears,
    BornBetween,
    FactKey,
    Facts,
    Label,
    Members,
    Tie,
    UnknownReason,
)
from comity.domain.question import Connection, Question
from comity.domain.request import Revision
from hypothesis import strategies as st

NOW: Final = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
DIMENSIONS: Final = ("action", "product", "device", "purpose", "item", "label", "population")
# Few, so that they meet each other, and what is sensitive.
PLAIN: Final = ("a", "b", "military", "spy", "UA", "FR", "я", "naïve", "日本", "🏛", "it's", 'a"b\\')
NAMES: Final = st.sampled_from((*PLAIN, "", "x" * 200))
RULES: Final = st.sampled_from(PLAIN)
SETS: Final = st.frozensets(NAMES, max_size=3)
INSTANTS: Final = st.none() | st.integers(-10, 10).map(lambda days: NOW + timedelta(days=days))
MEMBERS: Final = st.builds(Members, SETS, SETS, st.booleans())
TIES: Final = st.builds(
    Tie,
    NAMES,
    NAMES,
    MEMBERS,
    low_trust=st.booleans(),
    ghost=st.booleans(),
    since=INSTANTS,
    source=NAMES,
)
LABELS: Final = st.frozensets(st.builds(Label, NAMES, INSTANTS), max_size=3)
CONNECTIONS: Final = st.builds(
    Connection,
    NAMES,
    NAMES,
    SETS,
    SETS,
    st.sampled_from(("caller", "geoip", "phone", "directory", "")),
    NAMES,
    INSTANTS,
    INSTANTS,
)
REASONS_UNKNOWN: Final = st.dictionaries(NAMES, st.sampled_from(UnknownReason), max_size=2)
VALUES: Final = st.none() | NAMES
AGES: Final = st.none() | st.just(AtLeastYears(18)) | st.just(BornBetween(date(2000, 2, 29), NOW))
QUESTIONS: Final = st.builds(
    Question,
    VALUES,
    VALUES,
    VALUES,
    SETS,
    SETS,
    st.lists(CONNECTIONS, max_size=3).map(tuple),
    SETS,
    SETS,
    LABELS,
    SETS,
    REASONS_UNKNOWN,
    SETS,
    AGES,
    INSTANTS,
)
KEYS: Final = st.lists(
    st.builds(FactKey, st.sampled_from((*DIMENSIONS, "place")), NAMES, NAMES, NAMES), max_size=5
).map(lambda keys: tuple(sorted(keys)))
OBLIGATIONS: Final = st.frozensets(
    st.one_of(
        st.builds(Verify, NAMES),
        st.builds(Warn, NAMES),
        st.builds(Hold, NAMES),
        st.builds(Restrict, NAMES),
        st.builds(Restrict, NAMES, st.just("day"), NAMES, st.builds(Quota, st.integers(0, 9))),
        st.builds(Withhold, st.sampled_from(WithheldObject), SETS),
    ),
    max_size=4,
)
OUTCOMES: Final = OBLIGATIONS.map(lambda found: Outcome(obligations=found)) | st.just(Outcome(True))
REASONS: Final = st.builds(
    Reason, RULES, st.sampled_from(Standing), st.lists(TIES, max_size=3).map(tuple)
)
DECISIONS: Final = st.builds(
    Decision,
    OUTCOMES,
    st.sampled_from(Determination),
    st.lists(REASONS, max_size=3).map(tuple),
    KEYS,
    KEYS,
    KEYS,
    st.lists(st.builds(Conflict, RULES, RULES), max_size=2).map(tuple),
    INSTANTS,
)
FACTS: Final = st.builds(
    Facts,
    VALUES,
    VALUES,
    VALUES,
    MEMBERS,
    MEMBERS,
    LABELS,
    SETS,
    st.booleans(),
    AGES,
    INSTANTS,
    st.frozensets(TIES, max_size=4),
)
TEXTS: Final = st.lists(NAMES, max_size=2).map(tuple)
SENSITIVE: Final = st.frozensets(
    st.tuples(st.sampled_from(DIMENSIONS), st.sampled_from(PLAIN)), max_size=8
)
RECORDS: Final = st.builds(
    DecisionRecord,
    revision=st.builds(Revision, st.integers(0, 3), st.sampled_from(("ab" * 32, "cd" * 32))),
    evaluated_at=st.just(NOW),
    question=QUESTIONS,
    facts=FACTS,
    decision=DECISIONS,
    jurisdictions=TEXTS,
    degraded=TEXTS,
    provenance=st.none(),
    hypothetical=st.booleans(),
    sensitive=SENSITIVE,
)
