"""What columns of the archive say of a span, besides what it takes to put it together again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from comity.journal.archiving.fields import fields_of

_TEXT: Final = pa.string()
_TEXTS: Final = pa.list_(pa.string())
_NUMBER: Final = pa.int64()
_YES_OR_NO: Final = pa.bool_()
_VALUES: Final = {
    _TEXT: "string_value",
    _TEXTS: "array_value",
    _NUMBER: "int_value",
    _YES_OR_NO: "bool_value",
}
_ATTRIBUTES: Final[Mapping[str, tuple[str, pa.DataType]]] = {
    "comity.decision.kind": ("kind", _TEXT),
    "comity.decision.effect": ("effect", _TEXT),
    "comity.decision.determination": ("determination", _TEXT),
    "comity.decision.hypothetical": ("hypothetical", _YES_OR_NO),
    "comity.policy.epoch": ("policy_epoch", _NUMBER),
    "comity.policy.digest": ("policy_digest", _TEXT),
    "comity.rule.ids": ("rules", _TEXTS),
    "comity.jurisdictions": ("jurisdictions", _TEXTS),
    "comity.obligations": ("obligations", _TEXTS),
    "comity.missing_facts": ("missing_facts", _TEXTS),
    "comity.degraded": ("degraded", _TEXTS),
    "comity.facts.action": ("action", _TEXT),
    "comity.facts.product": ("product", _TEXT),
    "comity.facts.device": ("device", _TEXT),
    "comity.facts.connections": ("connections", _TEXTS),
    "comity.subject.pseudonym_key": ("pseudonym_key", _TEXT),
    "comity.route.desk": ("desk", _TEXT),
    "comity.route.verdicts": ("verdicts", _TEXTS),
    "comity.request.instrument": ("instrument", _TEXT),
    "rpc.method": ("rpc", _TEXT),
    "rpc.grpc.status_code": ("rpc_status", _NUMBER),
}
# The tags of name, attributes and status.
_ALWAYS_TOLD: Final = {0x2A: "name", 0x7A: "failed"}
_DESCRIBING: Final = frozenset({0x4A, *_ALWAYS_TOLD})
_MOST_SEEN: Final = 1 << 16
FIELDS: Final[tuple[pa.Field, ...]] = (
    pa.field("name", _TEXT),
    pa.field("failed", _YES_OR_NO),
    *(pa.field(column, kind) for column, kind in _ATTRIBUTES.values()),
)


def describe_span(octets: bytes) -> dict[str, Any]:
    """Return the values of `FIELDS` for a serialised span; those that it has."""
    try:
        span = Span.FromString(octets)
    except DecodeError:
        return {}
    told: dict[str, Any] = {
        "name": span.name,
        "failed": span.status.code == Status.STATUS_CODE_ERROR,
    }
    for pair in span.attributes:
        known = _ATTRIBUTES.get(pair.key)
        if known is not None and pair.value.WhichOneof("value") == _VALUES[known[1]]:
            told[known[0]] = _plain(pair.value)
    return told


class SpanDescriber:
    """Describes spans as `describe_span` does, by attributes that it has seen before."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._seen: dict[bytes, dict[str, Any]] = {}

    def describe(self, octets: bytes) -> dict[str, Any]:
        """Return the values of `FIELDS` for a serialised span; those that it has."""
        told: dict[str, Any] = {"name": "", "failed": False}
        try:
            for start, end in fields_of(octets):
                if octets[start] in _DESCRIBING:
                    told.update(self._part(octets[start:end]))
        except (IndexError, ValueError):
            return describe_span(octets)
        return told

    def _part(self, field: bytes) -> dict[str, Any]:
        """Return what one field of a span says.

        Raises:
            ValueError: it is no field of a span.
        """
        found = self._seen.get(field)
        if found is None:
            found = describe_span(field)
            if not found:
                raise ValueError
            # What it says of others is that they are not there.
            for tag, name in _ALWAYS_TOLD.items():
                if field[0] != tag:
                    del found[name]
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen[field] = found
        return found


def _plain(value: AnyValue) -> Any:  # noqa: ANN401 - as the column has it
    """Return a value from its OTLP form; a list holds texts only."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [member.string_value for member in value.array_value.values]
    return getattr(value, kind) if kind else None
