"""What a span says of an eligibility decision, joined from parts that were encoded before.

No two new questions are the same, but their parts are: places, populations, presumptions, rules.
`decision_attributes` and `reason_events` say the same as values.
"""

from __future__ import annotations

from typing import Final

from comity.app.ports.decision_recorder import DecisionRecord
from comity.domain.decision import Determination, Reason, Standing
from comity.domain.effect import Obligation, Outcome
from comity.domain.facts import FactKey, Facts
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
from comity.telemetry.text_arrays import Element, TextArray, element_of

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
# Factor, place, populations, whether it is at low trust, whether it is a ghost.
_TieKey = tuple[str, str, frozenset[str], bool, bool]
# Its place, its place if it is at low trust, its populations, and the factor of a ghost.
_Tie = tuple[tuple[Element, ...], tuple[Element, ...], tuple[Element, ...], tuple[Element, ...]]


class DecisionOctets:
    """Encodes what spans say of decisions; shared by threads."""

    def __init__(self, sensitive: frozenset[tuple[str, str]]) -> None:
        """Put a seal in the place of `sensitive` (dimension, value) pairs."""
        self._seal = Seal(sensitive)
        self._texts = Memo(element_of, KEPT)
        self._names: Memo[FactKey, Element] = Memo(lambda k: element_of(self._seal.fact(k)), KEPT)
        self._headlines = Memo(_headline, KEPT)
        self._reasons = Memo(_reason, KEPT)
        self._ties = Memo(self._tie, KEPT)
        self._actions = self._values("action")
        self._products = self._values("product")
        self._devices = self._values("device")
        self._purposes = self._members("purpose")
        self._items = self._members("item")
        self._labels = self._members("label")

    def attributes(self, record: DecisionRecord) -> bytes:
        """Return what equal facts have in common but for the question itself, as fields."""
        decision, outcome, revision = record.decision, record.decision.outcome, record.revision
        texts, names = self._texts, self._names
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
            fields.append(_RULES.in_order([texts[r.rule_id] for r in decision.reasons]))
        if record.jurisdictions:
            fields.append(_JURISDICTIONS.in_order([texts[code] for code in record.jurisdictions]))
        fields.append(obligations)
        if decision.conflicts:
            conflicts = [texts[conflict_text(conflict)] for conflict in decision.conflicts]
            fields.append(_CONFLICTS.in_order(conflicts))
        for array, keys in (
            (_MISSING, decision.missing_facts),
            (_WOULD_CHANGE, decision.would_change),
            (_PRESUMED, decision.presumed_facts),
        ):
            if keys:
                fields.append(array.sorted(map(names.__getitem__, keys)))
        if record.degraded:
            fields.append(_DEGRADED.in_order([texts[name] for name in record.degraded]))
        self._add_facts(fields, record.facts)
        question = record.question
        if question.unknown:
            unknown = [texts[unknown_text(*item)] for item in question.unknown.items()]
            fields.append(_UNKNOWN.sorted(unknown))
        if question.indicators:
            fields.append(_INDICATORS.sorted(map(texts.__getitem__, question.indicators)))
        return b"".join(fields)

    def event(self, reason: Reason) -> bytes:
        """Return the event of one reason but for its time."""
        said, texts = self._reasons[reason.rule_id, reason.standing], self._texts
        places = [texts[place_text(tie.factor, tie.place)] for tie in reason.ties if tie.factor]
        return encode_event(REASON_EVENT, said + _RULE_CONNECTIONS.sorted(places))

    def _add_facts(self, fields: list[bytes], facts: Facts) -> None:
        """Add the discrete facts."""
        fields += (
            self._actions[facts.action],
            self._products[facts.product],
            self._devices[facts.device],
        )
        if facts.purposes.yes:
            fields.append(_PURPOSES.sorted(map(self._purposes.__getitem__, facts.purposes.yes)))
        if facts.items.yes:
            fields.append(_ITEMS.sorted(map(self._items.__getitem__, facts.items.yes)))
        if facts.labels:
            fields.append(_LABELS.sorted([self._labels[label.name] for label in facts.labels]))
        if facts.labels_absent:
            absent = map(self._labels.__getitem__, facts.labels_absent)
            fields.append(_LABELS_ABSENT.sorted(absent))
        self._add_ties(fields, facts)
        fields.append(_DATES_KNOWN[facts.age is not None, facts.account_created is not None])

    def _add_ties(self, fields: list[bytes], facts: Facts) -> None:
        """Add the connections, known and open."""
        known: list[Element] = []
        doubtful: list[Element] = []
        people: list[Element] = []
        factors: list[Element] = []
        ties = self._ties
        for tie in facts.ties:
            place, low_trust, populations, factor = ties[
                tie.factor, tie.place, tie.populations.yes, tie.low_trust, tie.ghost
            ]
            known += place
            doubtful += low_trust
            people += populations
            factors += factor
        for array, elements in (
            (_CONNECTIONS, known),
            (_LOW_TRUST, doubtful),
            (_OPEN_FACTORS, factors),
            (_POPULATIONS, people),
        ):
            if elements:
                fields.append(array.sorted(elements))

    def _tie(self, key: _TieKey) -> _Tie:
        """Return what is told of a connection."""
        factor, place, populations, low_trust, ghost = key
        if ghost:
            return (), (), (), (element_of(factor),)
        at = place_text(factor, place)
        told = (element_of(at),) if factor else ()
        names = self._seal.values("population", populations)
        people = tuple(element_of(f"{name}@{at}") for name in names)
        return told, told if low_trust else (), people, ()

    def _values(self, dimension: str) -> Memo[str | None, bytes]:
        """Return the attributes of a fact that has one value; nothing for an unknown one."""
        name, seal = f"comity.facts.{dimension}", self._seal
        return Memo(
            lambda value: encode_attributes({name: seal.value(dimension, value)}) if value else b"",
            KEPT,
        )

    def _members(self, dimension: str) -> Memo[str, Element]:
        """Return the elements of members of a set."""
        return Memo(lambda name: element_of(self._seal.value(dimension, name)), KEPT)


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
    return headline, _OBLIGATIONS.in_order(
        map(element_of, sorted(map(obligation_text, obligations)))
    )


def _reason(key: tuple[str, Standing]) -> bytes:
    """Return what is told of a reason but for its connections."""
    rule_id, standing = key
    said = {"comity.rule.id": rule_id, "comity.rule.standing": standing.value}
    return encode_attributes(said, OF_EVENT)
