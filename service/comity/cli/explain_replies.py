"""What `comity explain --server` says for people: replies of GetDecision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Final

from comity.cli.explain_texts import (
    CLOSE,
    INKS,
    MATCHED,
    RuleRows,
    database_text,
    recomputed_lines,
    rule_lines,
    source_text,
)
from comity.cli.output import Ink, paint, rows
from comity.v1 import common_pb2, decision_pb2, facts_pb2
from comity.v1 import decision_service_pb2 as pb

# Nothing is wrong with a record that can't be made once more for one of these reasons.
_HARMLESS: Final = frozenset(
    {
        pb.RECOMPUTATION_SAME,
        pb.RECOMPUTATION_SEALED,
        pb.RECOMPUTATION_NOT_KEPT,
        pb.RECOMPUTATION_BIRTHDAY,
    }
)


def agrees(reply: pb.GetDecisionResponse) -> bool:
    """Return whether the record is not one that was altered, or whose law is gone."""
    return reply.recomputation in _HARMLESS


def reply_lines(reply: pb.GetDecisionResponse) -> Iterator[str]:
    """Yield the lines for people."""
    recorded = reply.recorded
    effect = _effect_text(recorded.effect) if recorded.effect else "route"
    determination = _determination_text(recorded.determination) if recorded.determination else ""
    headline = ", ".join(filter(None, (effect.upper(), determination)))
    yield paint(headline, INKS.get(effect, Ink.DOUBTFUL)) + f"  {recorded.decision_id}"
    yield from rows(_recorded(recorded), indent=2)
    yield ""
    differences = [(d.name, d.recorded, d.recomputed) for d in reply.differences]
    yield from recomputed_lines(reply.not_recomputed_because, differences)
    yield from rule_lines(MATCHED, map(_rule_rows, reply.matched))
    yield from rule_lines(CLOSE, map(_rule_rows, reply.close))
    yield from _alternative_lines(reply.eligibility.explanation)


def _recorded(recorded: pb.RecordedDecision) -> Iterator[tuple[str, str]]:
    """Yield what the record says besides the headline."""
    revision = recorded.policy_revision
    yield "answered for", recorded.evaluated_at.ToDatetime(tzinfo=UTC).isoformat()
    yield "revision", f"{revision.epoch} ({revision.digest[:12]})"
    for name, values in (
        ("obligations", recorded.obligations),
        ("verdicts", recorded.verdicts),
        ("desk", (recorded.desk,)),
        ("due", (recorded.due,)),
        ("asked", (recorded.asked_json,)),
        ("unknown", recorded.unknown_facts),
        ("missing", recorded.missing_facts),
        ("presumed", recorded.presumed_facts),
        ("would change it", recorded.would_change),
        ("degraded", recorded.degraded),
        ("conflicts", recorded.conflicts),
    ):
        yield name, ", ".join(values)
    provenance = recorded.provenance
    if recorded.HasField("provenance"):
        yield "address by", _provenance_text(provenance)
    if provenance.HasField("anonymous_database"):
        yield "and by", _database_text(provenance.anonymous_database)


def _provenance_text(provenance: decision_pb2.Provenance) -> str:
    """Return which database the place of an address came from."""
    known = provenance.HasField("network_prefix_length")
    bits = provenance.network_prefix_length if known else "unknown"
    return ", ".join((_database_text(provenance), f"network of {bits} bits", *provenance.flags))


def _database_text(database: decision_pb2.Provenance | decision_pb2.GeoipDatabase) -> str:
    """Return a GeoIP database."""
    built = database.build_time.ToDatetime(tzinfo=UTC).isoformat()
    return database_text(database.database_type, built, database.digest)


def _rule_rows(one: pb.RuleAccount) -> RuleRows:
    """Return what there is to say of a rule."""
    citation = one.citation
    return RuleRows(
        f"{one.jurisdiction}: {one.title}  [{one.rule_id}]",
        (
            ("why", one.why),
            ("by", ", ".join(one.by)),
            ("authority", one.authority),
            ("source", source_text(citation.title, citation.pinpoint, citation.url)),
        ),
    )


def _alternative_lines(explanation: decision_pb2.Explanation) -> Iterator[str]:
    """Yield what missing and presumed facts would lead to."""
    if explanation.alternatives:
        yield ""
        yield paint("If it were known", Ink.STRONG)
    for one in explanation.alternatives:
        effect, settled = _effect_text(one.effect).upper(), _determination_text(one.determination)
        yield f"  {_fact_text(one.fact)} = {one.value}: {effect}, {settled}"
    if explanation.decisive_presumptions:
        presumed = ", ".join(map(_fact_text, explanation.decisive_presumptions))
        yield ""
        yield f"It rests on what is presumed: {presumed}"


def _fact_text(fact: facts_pb2.FactKey) -> str:
    """Return the name of a fact, as records write it."""
    text = f"{fact.dimension}:{fact.member}" if fact.member else fact.dimension
    return f"{text}@{fact.factor}:{fact.place}" if fact.factor else text


def _effect_text(effect: common_pb2.Effect.ValueType) -> str:
    """Return an effect as a word."""
    return common_pb2.Effect.Name(effect).removeprefix("EFFECT_").lower()


def _determination_text(determination: common_pb2.Determination.ValueType) -> str:
    """Return a determination as a word."""
    return common_pb2.Determination.Name(determination).removeprefix("DETERMINATION_").lower()
