"""The answer to an eligibility question, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, assert_never

from comity.cli.citing import citation_text, confidence_text, force_text
from comity.cli.output import Ink, instant_text, paint, rows, word_of
from comity.client import Answer, Effect
from comity.v1 import decision_pb2, facts_pb2

_HEADLINES: Final = {
    Effect.ALLOW: (Ink.GOOD, "ALLOW: nothing stands in the way"),
    Effect.WARN: (Ink.DOUBTFUL, "WARN: show the notices, then go on"),
    Effect.VERIFY: (Ink.DOUBTFUL, "VERIFY: verify first, deny until then"),
    Effect.RESTRICT: (Ink.DOUBTFUL, "RESTRICT: take away what is named, the rest goes on"),
    Effect.DENY: (Ink.BAD, "DENY: do not do it"),
}
_STANDINGS: Final = {
    "certain": "applies",
    "unproven_exception": "applies; an exception to it is not proven",
    "possible": "would apply if the missing facts were so",
}
_UNSETTLED_ALLOW: Final = "ALLOW: nothing that is known stands in the way"
_SETS: Final = ("item", "label", "purpose")


def answer_lines(answer: Answer) -> Iterator[str]:
    """Yield the lines that tell `answer`."""
    reply = answer.reply
    yield paint(*_headline(answer))
    yield from (f"  {_obligation_text(obligation)}" for obligation in reply.obligations)
    yield from rows((("state", _state_text(answer)), ("tell the user", reply.message)))
    for reason in reply.reasons:
        yield ""
        yield from _reason_lines(reason)
    for conflict in reply.conflicts:
        yield ""
        yield from _conflict_lines(conflict)
    yield ""
    yield from rows(_remarks(answer))
    yield from _explanation_lines(reply.explanation)


def _headline(answer: Answer) -> tuple[str, Ink]:
    """Return what the caller is to do, and its colour; an ALLOW that rests on gaps says so."""
    ink, text = _HEADLINES[answer.effect]
    if answer.effect is Effect.ALLOW and word_of(answer.reply, "determination") == "indeterminate":
        return _UNSETTLED_ALLOW, Ink.DOUBTFUL
    return text, ink


def _state_text(answer: Answer) -> str:
    """Return whether the known facts settle the answer."""
    match word_of(answer.reply, "determination"):
        case "decided":
            return "decided by the known facts"
        case "indeterminate":
            return f"INDETERMINATE, missing: {_facts_text(answer.missing_facts)}"
        case _:
            return ""


def _reason_lines(reason: decision_pb2.Reason) -> Iterator[str]:
    """Yield what there is to say of one rule."""
    yield paint(f"{reason.jurisdiction}: {reason.title}", Ink.STRONG) + f"  [{reason.rule_id}]"
    asks = "; ".join(map(_obligation_text, reason.obligations)) or word_of(reason, "effect")
    standing = word_of(reason, "standing")
    yield from rows(
        (
            ("asks", asks),
            ("standing", _STANDINGS.get(standing, standing)),
            ("force", force_text(reason)),
            ("authority", reason.authority),
            ("source", citation_text(reason.citation)),
            ("record", confidence_text(reason)),
            ("met by", _met_text(reason)),
            (
                "visibility",
                "confidential" if word_of(reason, "visibility") == "confidential" else "",
            ),
        ),
        indent=2,
    )


def _met_text(reason: decision_pb2.Reason) -> str:
    """Return the connections and facts that met a rule."""
    ties = []
    for tie in reason.connections:
        if not tie.place:  # stands for connections that nobody recorded
            ties.append(_unrecorded_text(tie.factor))
            continue
        populations = f" ({', '.join(tie.populations)})" if tie.populations else ""
        doubt = ", low trust" if tie.low_trust else ""
        ties.append(f"{tie.factor} {tie.place}{populations}, from {tie.source}{doubt}")
    facts = [_fact_text(fact) for fact in reason.matched_facts if not fact.factor]
    return "; ".join([*ties, *facts])


def _conflict_lines(conflict: decision_pb2.Conflict) -> Iterator[str]:
    """Yield what there is to say of two duties that clash."""
    yield paint("Conflict of duties", Ink.STRONG)
    resolved = conflict.resolved_for
    yield from rows(
        (
            ("forbids", f"{conflict.forbid_rule_id}: {citation_text(conflict.forbid_citation)}"),
            ("requires", f"{conflict.require_rule_id}: {citation_text(conflict.require_citation)}"),
            (
                "outcome",
                f"for {resolved}" if resolved else "unresolved; the stricter answer stands",
            ),
        ),
        indent=2,
    )


def _remarks(answer: Answer) -> Iterator[tuple[str, str]]:
    """Yield what is to be known of the answer as a whole."""
    reply = answer.reply
    yield "presumed", _presumptions_text(reply.presumed_facts)
    yield "would change it", _facts_text(reply.would_change)
    yield "degraded", ", ".join(reply.degraded)
    if reply.HasField("provenance"):
        found = reply.provenance
        flags = f"; {', '.join(found.flags)}" if found.flags else ""
        yield "address by", f"{_database_text(found)}{flags}"
        if found.HasField("anonymous_database"):
            yield "and by", _database_text(found.anonymous_database)
    yield "asked for", instant_text(reply.evaluated_at)
    yield "valid", _validity_text(answer)
    revision = reply.policy_revision
    yield "revision", f"{revision.epoch} ({revision.digest[:12]})"
    yield "decision", reply.decision_id


def _database_text(found: decision_pb2.Provenance | decision_pb2.GeoipDatabase) -> str:
    """Return which GeoIP database was asked."""
    return f"database of type '{found.database_type}', built {instant_text(found.build_time)}"


def _validity_text(answer: Answer) -> str:
    """Return how long the answer holds and may be kept."""
    seconds = int(answer.max_age.total_seconds())
    if not seconds:
        return "for this question only; not to be kept"
    until = "without end"
    if answer.reply.HasField("valid_until"):
        until = f"until {instant_text(answer.reply.valid_until)}"
    elif word_of(answer.reply, "determination") == "unspecified":
        until = "not told in this view"
    return f"{until}; to be kept {seconds} s at most, since the policies may change"


def _explanation_lines(explanation: decision_pb2.Explanation) -> Iterator[str]:
    """Yield what missing and presumed facts would lead to, if it was asked for."""
    if explanation.alternatives:
        yield ""
        yield paint("If it were known", Ink.STRONG)
    for alternative in explanation.alternatives:
        settled = "" if word_of(alternative, "determination") == "decided" else ", not settled"
        effect = word_of(alternative, "effect").upper()
        yield f"  {_fact_text(alternative.fact)} = {alternative.value}: {effect}{settled}"
    if explanation.decisive_presumptions:
        rests_on = _presumptions_text(explanation.decisive_presumptions)
        yield f"  rests on what is presumed: {rests_on}"
    if explanation.alternatives and not explanation.complete:
        yield "  and more than can be tried for one question"


def _presumptions_text(facts: Sequence[facts_pb2.FactKey]) -> str:
    """Return what was presumed: derived ties first, then what is taken not to be there."""
    derived = [fact for fact in facts if fact.dimension == "place"]
    factors = [fact.member for fact in facts if fact.dimension == "connection"]
    sets = [fact.dimension for fact in facts if fact.dimension in _SETS]
    peopled = [f"{f.factor} {f.place}" for f in facts if f.dimension == "population"]
    told = ("place", "connection", "population", *_SETS)
    parts = [f"{fact.factor} {fact.place}" for fact in derived]
    parts += [_fact_text(fact) for fact in facts if fact.dimension not in told]
    parts += [f"no {_choice_text(names)}" for names in (factors, sets) if names]
    if peopled:
        parts.append(f"no population of {_choice_text(peopled)}")
    return "; ".join(parts)


def _choice_text(names: Sequence[str]) -> str:
    """Return names as a list that ends in `or`."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _facts_text(facts: Iterable[facts_pb2.FactKey]) -> str:
    """Return the names of facts."""
    return ", ".join(map(_fact_text, facts))


def _fact_text(fact: facts_pb2.FactKey) -> str:
    """Return the name of a fact, such as `device`, `label watched`, `place of works_for UA`."""
    if fact.dimension == "connection":
        return _unrecorded_text(fact.member)
    name = " ".join(part for part in (fact.dimension, fact.member) if part)
    if fact.factor:
        name = f"{name} of {' '.join(part for part in (fact.factor, fact.place) if part)}"
    return name


def _unrecorded_text(factor: str) -> str:
    """Return the name of whatever connections by a factor nobody recorded."""
    return f"any unrecorded {factor}"


def _obligation_text(obligation: decision_pb2.Obligation) -> str:
    """Return what an obligation asks."""
    match obligation.WhichOneof("kind"):
        case "verify":
            return f"verify {obligation.verify.method}"
        case "restrict":
            return _restrict_text(obligation.restrict)
        case "warn":
            return f"show the notice {obligation.warn.notice}"
        case "withhold":
            follows = ", ".join(obligation.withhold.follows)
            what = word_of(obligation.withhold, "object")
            return f"withhold the {what}" + (f" and its {follows}" if follows else "")
        case "hold":
            return f"hold the {obligation.hold.object} until a person has decided"
        case None:
            return "something that this version doesn't know: treat it as a denial"
        case other:
            assert_never(other)


def _restrict_text(restrict: decision_pb2.Restrict) -> str:
    """Return what is taken away, or how much of it remains."""
    if not restrict.HasField("quota"):
        return f"take away {restrict.feature}"
    quota = restrict.quota
    minutes = quota.at_most.seconds / 60
    text = f"limit {restrict.feature} to {minutes:g} minutes a {quota.per}"
    if quota.each:
        text = f"{text} for each {quota.each}"
    return f"{text}, adjustable by {quota.adjustable_by}" if quota.adjustable_by else text
