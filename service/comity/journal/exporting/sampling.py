"""Which spans a collector gets, if it is to get a sample of what is plainly allowed.

Source: https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

_RANDOM_BYTES: Final = 7
_RANDOM_BITS: Final = 8 * _RANDOM_BYTES
# What a plain `allow` says; an attribute that it has besides, such as `comity.degraded`, may make
# it less plain.
_PLAIN: Final = {
    "comity.decision.kind": AnyValue(string_value="eligibility"),
    "comity.decision.effect": AnyValue(string_value="allow"),
    "comity.decision.determination": AnyValue(string_value="decided"),
    "comity.decision.hypothetical": AnyValue(bool_value=False),
}
_NOT_PLAIN: Final = frozenset({"comity.degraded", "comity.conflicts", "comity.obligations"})
# Looking for octets is much faster than decoding what holds them.
_NEEDLE: Final = KeyValue(
    key="comity.decision.effect", value=_PLAIN["comity.decision.effect"]
).SerializeToString()


@dataclass(frozen=True, slots=True)
class Sampling:
    """Chooses spans to be exported, always the same ones.

    Attributes:
        allow_ratio: share of traces, from 0 to 1, whose plain `allow` decisions are exported;
            everything else always is.
    """

    allow_ratio: float = 1.0

    def wants(self, octets: bytes) -> bool:
        """Return whether a serialised span is exported.

        What a trace id says by chance decides, as in OpenTelemetry's consistent sampling, so that
        the decisions of one trace go together and a lower ratio chooses among those of a higher.
        """
        if self.allow_ratio >= 1.0 or _NEEDLE not in octets:
            return True
        try:
            span = Span.FromString(octets)
        except DecodeError:
            return True
        chance = int.from_bytes(span.trace_id[-_RANDOM_BYTES:])
        least = round((1 - self.allow_ratio) * (1 << _RANDOM_BITS))
        return chance >= least or not _is_plain(span)


def _is_plain(span: Span) -> bool:
    """Return whether a span records that something is allowed, and nothing else of interest."""
    return span.status.code != Status.STATUS_CODE_ERROR and _says_plain(span.attributes)


def _says_plain(pairs: Iterable[KeyValue]) -> bool:
    """Return whether attributes are those of a plain `allow`."""
    told = {pair.key: pair.value for pair in pairs}
    return not _NOT_PLAIN & told.keys() and all(
        told.get(name) == value for name, value in _PLAIN.items()
    )
