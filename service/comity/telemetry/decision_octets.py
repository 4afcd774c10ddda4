"""What a span says of an eligibility decision, joined from parts that were encoded before.

No two new questions are the same, but their parts are: places, populations, presumptions, rules.
`decision_attributes` and `reason_events` say the same as values.
"""

from __future__ import annotations

from itertools import starmap
from typing import Final, NamedTuple

from comity.app.ports.decision_recorder import DecisionRecord
from comity.domain.decision import Determination, Reason, Standing
from comity.domain.effect import Obligation, Outcome
from comity.domain.facts import Facts, Tie
from comity.domain.request import Revision
from comity.journal import OF_EVENT, encode_attributes, encode_event
from comity.telemetry.attributes import (
    REASON_EVENT,
    conflict_text,
    obligation_text,
    place_text,
    revision_attributes,
    unknown_text,
)
from comity.telemetry.memo import Memo
from comity.telemetry.sealing import Seal
from comity.telemetry.text_arrays import TextArray

KEPT: Final = 4096

_RULES: Final = TextArray("comity.rule.ids")
_JURISDICTIONS: Final = TextArray("comity.jurisdictions")
_OBLIGATIONS: Final = TextArray("comity.obligations")
_CONFLICTS: Final = TextArray("comity.conflicts")
_MISSING: Final = TextArray("comity.missing_facts")
_WOULD_CHANGE: Final = TextArray("comity.would_change")
_PRESUMED: Final = TextArray("comity.presumed_facts")
_DEGRADED: Final = TextArray("comity.degraded")
_PURPOSES: Final = TextArray("comity.facts.purposes")
_ITEMS: Final = TextArray("comity.facts.items")
_LABELS: Final = TextArray("comity.facts.labels")
_LABELS_ABSENT: Final = TextArray("comity.facts.labels_absent")
_CONNECTIONS: Final = TextArray("comity.facts.connections")
_LOW_TRUST: Final = TextArray("comity.facts.low_trust")
_OPEN_FACTORS: Final = TextArray("comity.facts.open_factors")
_POPULATIONS: Final = TextArray("comity.facts.populations")
_UNKNOWN: Final = TextArray("comity.facts.unknown")
_INDICATORS: Final = TextArray("comity.facts.indicators")
_RULE_CONNECTIONS: Final = TextArray("comity.rule.connections", OF_EVENT)
_DATES_KNOWN: Final = {
    (age, created): encode_attributes(
        {"comity.facts.age_known": age, "comity.facts.account_created_known": created}
    )
    for age in (False, True)
    for created in (False, True)
}

# Whether it is a denial, obligations, determination, whether it is hypothetical, the revision.
_Headline = tuple[bool, frozenset[Obligation], Determination, bool, int, str]
Texts = tuple[str, ...]


class _ToldTie(NamedTuple):
    """What is told of a connection.

    Attributes:
        tie: the connection; held here, so that nothing else gets its identity.
        place: its place, if it is known.
        low_trust: its place, if it is at low trust.
        populations: the populations there.
        open_factor: its factor, if it stands for connections that are not known.
    """

    tie: Tie
    place: Texts = ()
    low_trust: Texts = ()
    populations: Texts = ()
    open_factor: Texts = ()


class DecisionOctets:
    """Encodes what spans say of decisions; shared by threads."""

    def __init__(self, sensitive: frozenset[tuple[str, str]]) -> None:
        """Put a seal in the place of `sensitive` (dimension, value) pairs."""
        seal = self._seal = Seal(sensitive)
        self._names = Memo(seal.fact, KEPT)
        self._headlines = Memo(_headline, KEPT)
        self._reasons = Memo(_reason, KEPT)
        # By identity: equal connections are nearly always the same, and take long to compare.
        self._ties: dict[int, _ToldTie] = {}
        self._actions = self._values("action")
        self._products = self._values("product")
        self._devices = self._values("device")

    def attributes(self, record: DecisionRecord) -> bytes:
        """Return what equal facts have in common but for the question itself, as fields."""
        decision, outcome, revision = record.decision, record.decision.outcome, record.revision
        headline, obligations = self._headlines[
            outcome.denied,
            outcome.obligations,
            decision.determination,
            record.hypothetical,
            revision.epoch,
            revision.digest,
        ]
        fields = [headline]
        if decision.reasons:
            fields.append(_RULES.encode([reason.rule_id for reason in decision.reasons]))
        if record.jurisdictions:
            fields.append(_JURISDICTIONS.encode(record.jurisdictions))
        fields.append(obligations)
        if decision.conflicts:
            fields.append(_CONFLICTS.encode(map(conflict_text, decision.conflicts)))
        for array, keys in (
            (_MISSING, decision.missing_facts),
            (_WOULD_CHANGE, decision.would_change),
            (_PRESUMED, decision.presumed_facts),
        ):
            if keys:
                fields.append(array.encode(sorted(set(map(self._names.__getitem__, keys)))))
        if record.degraded:
            fields.append(_DEGRADED.encode(record.degraded))
        self._add_facts(fields, record.facts)
        question = record.question
        if question.unknown:
            fields.append(_UNKNOWN.encode(sorted(starmap(unknown_text, question.unknown.items()))))
        if question.indicators:
            fields.append(_INDICATORS.encode(sorted(question.indicators)))
        return b"".join(fields)

    def event(self, reason: Reason) -> bytes:
        """Return the event of one reason but for its time."""
        said = self._reasons[reason.rule_id, reason.standing]
        places = {place_text(tie.factor, tie.place) for tie in reason.ties if tie.factor}
        return encode_event(REASON_EVENT, said + _RULE_CONNECTIONS.encode(sorted(places)))

    def _add_facts(self, fields: list[bytes], facts: Facts) -> None:
        """Add the discrete facts."""
        fields += (
            self._actions[facts.action],
            self._products[facts.product],
            self._devices[facts.device],
        )
        values = self._seal.values
        if facts.purposes.yes:
            fields.append(_PURPOSES.encode(values("purpose", facts.purposes.yes)))
        if facts.items.yes:
            fields.append(_ITEMS.encode(values("item", facts.items.yes)))
        if facts.labels:
            held = [label.name for label in facts.labels]
            fields.append(_LABELS.encode(values("label", held)))
        if facts.labels_absent:
            fields.append(_LABELS_ABSENT.encode(values("label", facts.labels_absent)))
        self._add_ties(fields, facts)
        fields.append(_DATES_KNOWN[facts.age is not None, facts.account_created is not None])

    def _add_ties(self, fields: list[bytes], facts: Facts) -> None:
        """Add the connections, known and open."""
        known: list[str] = []
        doubtful: list[str] = []
        people: list[str] = []
        factors: list[str] = []
        ties = self._ties
        for tie in facts.ties:
            told = ties.get(id(tie))
            if told is None or told.tie is not tie:
                told = self._keep(tie)
            _, place, low_trust, populations, factor = told
            known += place
            doubtful += low_trust
            people += populations
            factors += factor
        for array, texts in (
            (_CONNECTIONS, known),
            (_LOW_TRUST, doubtful),
            (_OPEN_FACTORS, factors),
            (_POPULATIONS, people),
        ):
            if texts:
                fields.append(array.encode(sorted(set(texts))))

    def _keep(self, tie: Tie) -> _ToldTie:
        """Return what is told of a connection, and remember it."""
        if len(self._ties) >= KEPT:
            self._ties.clear()
        told = self._ties[id(tie)] = self._told(tie)
        return told

    def _told(self, tie: Tie) -> _ToldTie:
        """Return what is told of a connection."""
        if tie.ghost:
            return _ToldTie(tie, open_factor=(tie.factor,))
        at = place_text(tie.factor, tie.place)
        place = (at,) if tie.factor else ()
        names = self._seal.values("population", tie.populations.yes)
        return _ToldTie(
            tie,
            place=place,
            low_trust=place if tie.low_trust else (),
            populations=tuple(f"{name}@{at}" for name in names),
        )

    def _values(self, dimension: str) -> Memo[str | None, bytes]:
        """Return the attributes of a fact that has one value; nothing for an unknown one."""
        name, seal = f"comity.facts.{dimension}", self._seal
        return Memo(
            lambda value: encode_attributes({name: seal.value(dimension, value)}) if value else b"",
            KEPT,
        )


def _headline(key: _Headline) -> tuple[bytes, bytes]:
    """Return what is told of the answer before its rules, and its obligations."""
    denied, obligations, determination, hypothetical, epoch, digest = key
    headline = encode_attributes(
        {
            "comity.decision.kind": "eligibility",
            "comity.decision.effect": Outcome(denied, obligations).effect.name.lower(),
            "comity.decision.determination": determination.value,
            "comity.decision.hypothetical": hypothetical,
            **revision_attributes(Revision(epoch, digest)),
        }
    )
    return headline, _OBLIGATIONS.encode(sorted(map(obligation_text, obligations)))


def _reason(key: tuple[str, Standing]) -> bytes:
    """Return what is told of a reason but for its connections."""
    rule_id, standing = key
    said = {"comity.rule.id": rule_id, "comity.rule.standing": standing.value}
    return encode_attributes(said, OF_EVENT)
