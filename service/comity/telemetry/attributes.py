"""What a span says of an eligibility decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from opentelemetry.util.types import AttributeValue

from comity.app.ports.decision_recorder import DecisionRecord
from comity.domain.decision import Conflict, Reason
from comity.domain.effect import Hold, Obligation, Quota, Restrict, Verify, Warn, Withhold
from comity.domain.facts import Age, BornBetween, Facts, Tie, UnknownReason
from comity.domain.request import DatabaseIdentity, Provenance, Revision
from comity.telemetry.sealing import Seal

Attributes = dict[str, AttributeValue]

EVALUATED_AT: Final = "comity.decision.evaluated_at"
VALID_UNTIL: Final = "comity.decision.valid_until"
POSITION: Final = "comity.decision.position"
PSEUDONYM: Final = "comity.subject.pseudonym"
PSEUDONYM_KEY: Final = "comity.subject.pseudonym_key"
REASON_EVENT: Final = "comity.reason"

# As many as there are lengths of prefixes, for a few databases.
PROVENANCES_KEPT: Final = 512


def decision_attributes(record: DecisionRecord) -> Attributes:
    """Return the attributes of a decision: enough to recompute it, nothing that identifies.

    An attribute that would be empty is left out, and what belongs to the one call is left to
    `call_attributes`.
    """
    seal = Seal(record.sensitive)
    decision = record.decision
    found: dict[str, AttributeValue | None] = {
        "comity.decision.kind": "eligibility",
        "comity.decision.effect": decision.effect.name.lower(),
        "comity.decision.determination": decision.determination.value,
        "comity.decision.hypothetical": record.hypothetical,
        **revision_attributes(record.revision),
        "comity.rule.ids": tuple(reason.rule_id for reason in decision.reasons),
        "comity.jurisdictions": record.jurisdictions,
        "comity.obligations": tuple(sorted(map(obligation_text, decision.outcome.obligations))),
        "comity.conflicts": tuple(map(conflict_text, decision.conflicts)),
        "comity.missing_facts": seal.facts(decision.missing_facts),
        "comity.would_change": seal.facts(decision.would_change),
        "comity.presumed_facts": seal.facts(decision.presumed_facts),
        "comity.degraded": record.degraded,
        **_fact_attributes(record.facts, seal),
        "comity.facts.unknown": tuple(
            sorted(unknown_text(*item) for item in record.question.unknown.items())
        ),
        "comity.facts.indicators": tuple(sorted(record.question.indicators)),
    }
    return without_empty(found)


def call_attributes(record: DecisionRecord) -> Attributes:
    """Return the attributes of a decision that belong to the one call."""
    found: Attributes = {EVALUATED_AT: record.evaluated_at.isoformat()}
    end = record.decision.valid_until
    if end is not None and not record.hypothetical and not tells_birthday(record.facts.age, end):
        found[VALID_UNTIL] = end.isoformat()
    if record.position is not None:
        found[POSITION] = record.position
    return found


def tells_birthday(age: Age | None, end: datetime) -> bool:
    """Return whether the end of a decision is that of a birthday, which would tell the date."""
    if not isinstance(age, BornBetween):
        return False
    # Midnight of the rule's zone may be of the day before or after in UTC.
    days = {
        ((end + timedelta(days=shift)).month, (end + timedelta(days=shift)).day)
        for shift in (-1, 0, 1)
    }
    born = {(day.month, day.day) for day in (age.earliest, age.latest)}
    # Those born on 29 February come of age on 1 March.
    return bool(days & (born | ({(3, 1)} if (2, 29) in born else set())))


@lru_cache(maxsize=PROVENANCES_KEPT)
def provenance_attributes(provenance: Provenance | None) -> Mapping[str, AttributeValue]:
    """Return the attributes of the database behind a look-up; none if there was no look-up."""
    return {} if provenance is None else without_empty(_provenance_attributes(provenance))


def reason_events(record: DecisionRecord) -> Iterator[Attributes]:
    """Yield the attributes of one event for each reason of a decision."""
    for reason in record.decision.reasons:
        yield without_empty(_reason_attributes(reason))


def revision_attributes(revision: Revision) -> Attributes:
    """Return the attributes of the policy revision that answered."""
    return {"comity.policy.epoch": revision.epoch, "comity.policy.digest": revision.digest}


def conflict_text(conflict: Conflict) -> str:
    """Return a conflict as text: the rule that forbids, the rule that requires."""
    return f"{conflict.forbid_rule_id}/{conflict.require_rule_id}"


def place_text(factor: str, place: str) -> str:
    """Return a connection as text."""
    return f"{factor}:{place}"


def unknown_text(name: str, reason: UnknownReason) -> str:
    """Return as text what is not known, and why."""
    return f"{name}={reason.value}"


def obligation_text(obligation: Obligation) -> str:
    """Return an obligation as text, such as `verify:age` or `restrict:calls`."""
    match obligation:
        case Verify(method):
            return f"verify:{method}"
        case Warn(notice):
            return f"warn:{notice}"
        case Withhold(withheld):
            return f"withhold:{withheld.value}"
        case Hold(held):
            return f"hold:{held}"
        case Restrict(feature, per, _, Quota(at_most_seconds)):
            return f"restrict:{feature}:{at_most_seconds}s/{per}"
        case Restrict(feature):
            return f"restrict:{feature}"


def without_empty(attributes: Mapping[str, AttributeValue | None]) -> Attributes:
    """Return `attributes` without those that say nothing."""
    return {
        name: value
        for name, value in attributes.items()
        if value is not None and value not in ("", ())
    }


def _reason_attributes(reason: Reason) -> Attributes:
    """Return the attributes of one reason."""
    return {
        "comity.rule.id": reason.rule_id,
        "comity.rule.standing": reason.standing.value,
        "comity.rule.connections": _places(reason.ties),
    }


def _fact_attributes(facts: Facts, seal: Seal) -> Mapping[str, AttributeValue | None]:
    """Return the discrete facts, presumptions applied. Of dates only that they were known."""
    known = [tie for tie in facts.ties if not tie.ghost]
    return {
        "comity.facts.action": _sealed(seal, "action", facts.action),
        "comity.facts.product": _sealed(seal, "product", facts.product),
        "comity.facts.device": _sealed(seal, "device", facts.device),
        "comity.facts.purposes": seal.values("purpose", facts.purposes.yes),
        "comity.facts.items": seal.values("item", facts.items.yes),
        "comity.facts.labels": seal.values("label", (label.name for label in facts.labels)),
        "comity.facts.labels_absent": seal.values("label", facts.labels_absent),
        "comity.facts.connections": _places(known),
        "comity.facts.low_trust": _places(tie for tie in known if tie.low_trust),
        "comity.facts.open_factors": tuple(sorted({t.factor for t in facts.ties if t.ghost})),
        "comity.facts.populations": _populations(known, seal),
        "comity.facts.age_known": facts.age is not None,
        "comity.facts.account_created_known": facts.account_created is not None,
    }


def _sealed(seal: Seal, dimension: str, value: str | None) -> str | None:
    """Return a value that may be unknown, sealed if it is sensitive."""
    return None if value is None else seal.value(dimension, value)


def _places(ties: Iterable[Tie]) -> tuple[str, ...]:
    """Return ties as `factor:place`, sorted; the null connection has neither."""
    return tuple(sorted({place_text(tie.factor, tie.place) for tie in ties if tie.factor}))


def _populations(ties: Iterable[Tie], seal: Seal) -> tuple[str, ...]:
    """Return the populations of ties as `population@factor:place`, sorted."""
    return tuple(
        sorted(
            {
                f"{name}@{place_text(tie.factor, tie.place)}"
                for tie in ties
                for name in seal.values("population", tie.populations.yes)
            }
        )
    )


def _provenance_attributes(provenance: Provenance) -> Mapping[str, AttributeValue | None]:
    """Return which databases a look-up rests on."""
    return {
        "comity.provenance.database_type": provenance.database_type,
        "comity.provenance.built_at": provenance.built_at.isoformat(),
        "comity.provenance.digest": provenance.digest,
        "comity.provenance.network_prefix_length": provenance.network_prefix_length,
        "comity.provenance.flags": provenance.flags,
        **_anonymous_attributes(provenance.anonymous),
    }


def _anonymous_attributes(database: DatabaseIdentity | None) -> Attributes:
    """Return which database of anonymous addresses a look-up rests on as well."""
    if database is None:
        return {}
    return {
        "comity.provenance.anonymous.database_type": database.database_type,
        "comity.provenance.anonymous.built_at": database.built_at.isoformat(),
        "comity.provenance.anonymous.digest": database.digest,
    }
