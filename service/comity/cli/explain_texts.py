"""What `comity explain` says, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final

from comity.app.explanation import Explained
from comity.app.ports.decision_records import NotRecomputed
from comity.app.recomputation import Recomputed, RuleAccount
from comity.cli.output import Ink, paint, rows
from comity.telemetry.reading import StoredSpan
from comity.telemetry.recollection import Recollection

MATCHED: Final = "Rules that matched"
CLOSE: Final = "Rules that came close"
INKS: Final = {"allow": Ink.GOOD, "deny": Ink.BAD}
_PROVENANCE: Final = "comity.provenance."


Told = Explained[Recollection]


def told_lines(told: Told) -> Iterator[str]:
    """Yield the lines for people."""
    span = told.recorded.span
    effect = span.text("comity.decision.effect") or "route"
    determination = span.text("comity.decision.determination")
    headline = f"{effect.upper()}, {determination}" if determination else effect.upper()
    yield paint(headline, INKS.get(effect, Ink.DOUBTFUL)) + f"  {span.decision_id}"
    yield from rows(_recorded(told), indent=2)
    yield ""
    yield from recomputed_lines(_because(told), [astuple(one) for one in told.differences])
    yield from rule_lines(MATCHED, map(_rule_rows, told.rules))
    if told.answer is not None:
        yield from rule_lines(CLOSE, map(_rule_rows, told.answer.close))
        yield from _alternative_lines(told.answer)


def told_json(told: Told) -> str:
    """Return all of it as JSON."""
    span, revision = told.recorded.span, told.recorded.revision
    found: dict[str, Any] = {
        "decision_id": span.decision_id,
        "evaluated_at": told.recorded.evaluated_at.isoformat(),
        "policy_revision": {"epoch": revision.epoch, "digest": revision.digest},
        "recorded": {
            "attributes": span.attributes,
            "events": [{"name": e.name, "attributes": e.attributes} for e in span.events],
        },
        "sealed_to": told.recorded.sealed_to,
        "asked": json.loads(told.kept) if told.kept else None,
        "recomputed": told.why is None,
        "not_recomputed_because": told.because,
        "differences": [
            {"name": d.name, "recorded": d.recorded, "recomputed": d.recomputed}
            for d in told.differences
        ],
        "matched": [_rule_json(rule) for rule in told.rules],
    }
    if told.answer is not None:
        explanation = told.answer.explanation
        found["close"] = [_rule_json(rule) for rule in told.answer.close]
        found["alternatives"] = [
            {
                "fact": str(one.fact),
                "value": one.value,
                "effect": one.effect.name.lower(),
                "determination": one.determination.value,
            }
            for one in explanation.alternatives
        ]
        found["decisive_presumptions"] = list(map(str, explanation.presumptions))
    return json.dumps(found, ensure_ascii=False)


def _recorded(told: Told) -> Iterator[tuple[str, str]]:
    """Yield what the record says besides the headline."""
    span, revision = told.recorded.span, told.recorded.revision

    def listed(name: str) -> str:
        return ", ".join(span.texts(f"comity.{name}"))

    yield "answered for", told.recorded.evaluated_at.isoformat()
    yield "revision", f"{revision.epoch} ({revision.digest[:12]})"
    yield "obligations", listed("obligations")
    yield "verdicts", listed("route.verdicts")
    yield "desk", span.text("comity.route.desk")
    yield "due", span.text("comity.route.due")
    yield "asked", told.kept
    yield "unknown", listed("facts.unknown")
    yield "missing", listed("missing_facts")
    yield "presumed", listed("presumed_facts")
    yield "would change it", listed("would_change")
    yield "degraded", listed("degraded")
    yield "conflicts", listed("conflicts")
    yield "address by", _provenance_text(told)
    yield "and by", _database_text(span, f"{_PROVENANCE}anonymous.")


def _provenance_text(told: Told) -> str:
    """Return which database the place of an address came from; empty if none was looked up."""
    span = told.recorded.span
    database = _database_text(span, _PROVENANCE)
    if not database:
        return ""
    bits = span.text(f"{_PROVENANCE}network_prefix_length") or "unknown"
    return ", ".join((database, f"network of {bits} bits", *span.texts(f"{_PROVENANCE}flags")))


def _database_text(span: StoredSpan, prefix: str) -> str:
    """Return the GeoIP database that attributes with `prefix` tell; empty if they tell none."""
    kind = span.text(f"{prefix}database_type")
    if not kind:
        return ""
    return database_text(kind, span.text(f"{prefix}built_at"), span.text(f"{prefix}digest"))


def database_text(kind: str, built: str, digest: str) -> str:
    """Return a GeoIP database."""
    return f"database of type '{kind}', built {built}, SHA-256 {digest[:12]}"


def recomputed_lines(because: str, differences: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Yield whether the answer is the same today.

    Args:
        because: why it is not known; empty if it is.
        differences: of each its name, what was recorded, and what would be now.
    """
    if because:
        yield paint(f"Not recomputed: {because}", Ink.DOUBTFUL)
        return
    if not differences:
        yield paint("Recomputed: the same answer", Ink.GOOD)
        return
    yield paint("Recomputed: ANOTHER ANSWER than was recorded", Ink.BAD)
    for name, recorded, recomputed in differences:
        yield f"  {name}"
        yield f"    recorded    {recorded or '(nothing)'}"
        yield f"    recomputed  {recomputed or '(nothing)'}"


def _because(told: Told) -> str:
    """Return why it was not made once more, and what to do about it here."""
    hint = "; open it with --key" if told.why is NotRecomputed.SEALED else ""
    return f"{told.because}{hint}"


@dataclass(frozen=True, slots=True)
class RuleRows:
    """What there is to say of a rule.

    Attributes:
        heading: jurisdiction, title and identifier.
        rows: names and texts, of which some are empty.
    """

    heading: str
    rows: tuple[tuple[str, str], ...]


def rule_lines(title: str, accounts: Iterable[RuleRows]) -> Iterator[str]:
    """Yield what there is to say of rules; nothing if there are none."""
    for number, one in enumerate(accounts):
        if not number:
            yield ""
            yield paint(title, Ink.STRONG)
        yield f"  {one.heading}"
        yield from rows(one.rows, indent=4)


def _rule_rows(one: RuleAccount) -> RuleRows:
    """Return what there is to say of a rule."""
    text, citation = one.text, one.text.citation
    return RuleRows(
        f"{one.jurisdiction}: {text.title}  [{one.rule_id}]",
        (
            ("why", one.account),
            ("by", ", ".join(one.facts)),
            ("authority", text.authority),
            ("source", source_text(citation.title, citation.pinpoint, citation.url)),
        ),
    )


def _alternative_lines(answer: Recomputed) -> Iterator[str]:
    """Yield what missing and presumed facts would lead to."""
    explanation = answer.explanation
    if explanation.alternatives:
        yield ""
        yield paint("If it were known", Ink.STRONG)
    for one in explanation.alternatives:
        yield f"  {one.fact} = {one.value}: {one.effect.name}, {one.determination.value}"
    if explanation.presumptions:
        yield ""
        yield f"It rests on what is presumed: {_listed(explanation.presumptions)}"


def source_text(title: str, pinpoint: str, url: str) -> str:
    """Return where a rule can be read."""
    return ", ".join(filter(None, (title, pinpoint, url)))


def _rule_json(one: RuleAccount) -> dict[str, Any]:
    """Return a rule as JSON has it."""
    citation = one.text.citation
    return {
        "rule_id": one.rule_id,
        "jurisdiction": one.jurisdiction,
        "title": one.text.title,
        "why": one.account,
        "by": list(one.facts),
        "authority": one.text.authority,
        "legal_effect": one.text.legal_effect,
        "confidence": one.text.confidence,
        "citation": {
            "title": citation.title,
            "pinpoint": citation.pinpoint,
            "url": citation.url,
        },
    }


def _listed(names: Iterable[object]) -> str:
    """Return names as a list."""
    return ", ".join(map(str, names))
