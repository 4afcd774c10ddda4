"""Texts of traces for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import typer

from comity.telemetry.reading import StoredSpan

_COLOURS: Final[Mapping[str, str]] = {
    "allow": "green",
    "warn": "yellow",
    "verify": "yellow",
    "restrict": "magenta",
    "deny": "red",
}
_NS: Final = 1_000_000_000
_EFFECT_WIDTH: Final = 8
_DETERMINATION_WIDTH: Final = 13
_RPC_WIDTH: Final = 22


def json_line(span: StoredSpan) -> str:
    """Return a span as one JSON object on one line."""
    told: dict[str, Any] = {
        "decision_id": span.decision_id if span.is_decision else None,
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "name": span.name,
        "process": span.role,
        "start": _instant(span.start_ns).isoformat(),
        "end": _instant(span.end_ns).isoformat(),
        "failed": span.failed,
        "attributes": span.attributes,
        "events": [{"name": event.name, "attributes": event.attributes} for event in span.events],
    }
    return json.dumps(told, ensure_ascii=False)


def decision_line(span: StoredSpan) -> str:
    """Return a decision as one line: what comes last may be of any length."""
    effect = span.text("comity.decision.effect")
    columns = (
        _time(span.end_ns),
        typer.style((effect or "route").upper().ljust(_EFFECT_WIDTH), fg=_COLOURS.get(effect)),
        span.text("comity.decision.determination").ljust(_DETERMINATION_WIDTH),
        span.decision_id,
        _rpc(span).ljust(_RPC_WIDTH),
        ",".join(span.texts("comity.jurisdictions")) or "-",
        ",".join(span.texts("comity.rule.ids")) or "-",
        ",".join(span.texts("comity.route.verdicts")),
    )
    return "  ".join(columns).rstrip()


def tree_lines(spans: Sequence[StoredSpan]) -> Iterator[str]:
    """Yield the spans of one trace as a tree, each with all that it says."""
    ordered = sorted(spans, key=lambda span: (span.start_ns, _position(span)))
    known = {span.span_id for span in ordered}
    children: dict[str, list[StoredSpan]] = {}
    for span in ordered:
        # The parent may be a span of the caller, which is kept elsewhere.
        parent = span.parent_id if span.parent_id in known else ""
        children.setdefault(parent, []).append(span)
    yield f"trace {ordered[0].trace_id}"
    for root in children[""]:
        yield from _branch(root, children, "  ")


def _branch(
    span: StoredSpan, children: Mapping[str, Sequence[StoredSpan]], indent: str
) -> Iterator[str]:
    """Yield a span and what lies below it."""
    milliseconds = (span.end_ns - span.start_ns) / 1_000_000
    failed = typer.style("  FAILED", fg="red") if span.failed else ""
    title = typer.style(span.name, bold=True)
    yield (
        f"{indent}{title}  {span.span_id}  {span.role}  {_time(span.start_ns)}  "
        f"{milliseconds:.3f} ms{failed}"
    )
    width = max(map(len, span.attributes), default=0)
    for name, value in span.attributes.items():
        yield f"{indent}    {name:{width}}  {_text(value)}"
    for event in span.events:
        said = "  ".join(f"{name}={_text(value)}" for name, value in event.attributes.items())
        yield f"{indent}    * {event.name}  {said}"
    for child in children.get(span.span_id, ()):
        yield from _branch(child, children, indent + "  ")


def _rpc(span: StoredSpan) -> str:
    """Return by which call a decision was asked for; an item of a batch has its position."""
    position = _position(span)
    return f"batch[{position}]" if position >= 0 else span.text("rpc.method") or span.name


def _position(span: StoredSpan) -> int:
    """Return the position of a decision in its batch; -1 if it is in none."""
    value = span.attributes.get("comity.decision.position", -1)
    return value if isinstance(value, int) else -1


def _text(value: object) -> str:
    """Return a value of an attribute as text."""
    match value:
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _instant(nanoseconds: int) -> datetime:
    """Return an instant, to the microsecond."""
    seconds, rest = divmod(nanoseconds, _NS)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)


def _time(nanoseconds: int) -> str:
    """Return an instant in UTC, to the millisecond."""
    return _instant(nanoseconds).isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "Z")
