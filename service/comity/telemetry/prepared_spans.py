"""Spans of decisions that were made before: all but a few octets of each is ready."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from time import time_ns
from typing import Final, NamedTuple

from opentelemetry.trace import SpanContext

from comity.app.ports.decision_recorder import DecisionRecord
from comity.domain.facts import Age
from comity.journal import (
    LOCAL_PARENT,
    REMOTE_PARENT,
    AttributeKey,
    SpanTemplate,
    encode_head,
)
from comity.telemetry.attributes import (
    EVALUATED_AT,
    POSITION,
    PSEUDONYM,
    PSEUDONYM_KEY,
    VALID_UNTIL,
    tells_birthday,
)
from comity.telemetry.descriptions import Descriptions
from comity.telemetry.exact_questions import with_dates
from comity.telemetry.identifiers import SPAN_ID_BYTES, TRACE_ID_BYTES, Randomness
from comity.telemetry.plain_spans import text_of_state
from comity.telemetry.pseudonyms import PSEUDONYM_DIGITS, PseudonymRing, Pseudonyms
from comity.telemetry.sealed_facts import Padded, Sealer
from comity.telemetry.told import encoded_provenance

_EVALUATED_AT: Final = AttributeKey(EVALUATED_AT)
_VALID_UNTIL: Final = AttributeKey(VALID_UNTIL)
_POSITION: Final = AttributeKey(POSITION)
_PSEUDONYM_HEAD: Final = AttributeKey(PSEUDONYM).head_of_text(PSEUDONYM_DIGITS)
_PSEUDONYM_KEY: Final = AttributeKey(PSEUDONYM_KEY)

_POSITIONS_KEPT: Final = 512

Keep = Callable[[Sequence[bytes]], None]


@dataclass(frozen=True, slots=True, eq=False)
class PreparedSpan:
    """What the spans of decisions have in common that differ in the call and the account only.

    Attributes:
        template: makes the spans.
        provenance: the attributes of the database behind a look-up, encoded.
        sealed: the question as it is to be sealed; None if it stands in clear, or is not kept.
    """

    template: SpanTemplate
    provenance: bytes
    sealed: Padded | None


Decided = tuple[PreparedSpan, bytes, str]
"""A decision that was made before: what makes its span, what `encode_ending` says of its end, and
the account; empty for none."""


class Parent(NamedTuple):
    """The span that the spans of a call are children of.

    Attributes:
        trace_id: 16 octets.
        span_id: 8 octets.
        state: the trace state as its header has it.
        remote: whether it is in another process.
    """

    trace_id: bytes
    span_id: bytes
    state: str = ""
    remote: bool = True

    @classmethod
    def of(cls, span: SpanContext) -> Parent:
        """Return the parent with the identity `span`."""
        return cls(
            span.trace_id.to_bytes(TRACE_ID_BYTES),
            span.span_id.to_bytes(SPAN_ID_BYTES),
            text_of_state(span.trace_state),
            span.is_remote,
        )


class CallSpan(NamedTuple):
    """What the spans of one call have in common.

    Attributes:
        trace_id: 16 octets.
        parent: 8 octets; empty for none.
        state: the trace state as its header has it.
        flags: whether the parent is in another process.
        start: when the call began, in nanoseconds since 1970.
        evaluated_at: the attribute of the instant that is answered for, encoded.
        pseudonyms: makes the pseudonyms of accounts.
        pseudonym_key: the attribute that names their key, encoded.
    """

    trace_id: bytes
    parent: bytes
    state: str
    flags: int
    start: int
    evaluated_at: bytes
    pseudonyms: Pseudonyms
    pseudonym_key: bytes


class SpanPreparer:
    """Prepares the spans of decisions, and puts them together; shared by threads."""

    def __init__(
        self,
        pseudonyms: Pseudonyms | PseudonymRing,
        sealer: Sealer | None,
        descriptions: Descriptions,
        keep: Keep,
    ) -> None:
        """Name accounts by `pseudonyms` and seal with `sealer`; `keep` is what records spans."""
        self._trace_ids = Randomness(TRACE_ID_BYTES)
        self._span_ids = Randomness(SPAN_ID_BYTES)
        self._pseudonyms = pseudonyms
        self._sealer = sealer
        self._descriptions = descriptions
        self._named: tuple[Pseudonyms, bytes] | None = None
        self.keep = keep

    def prepare(self, record: DecisionRecord, start: bytes) -> PreparedSpan:
        """Return what makes spans of such decisions that begin with what `encode_start` gave."""
        description = self._descriptions.of(record)
        sealed = None
        if self._sealer is not None and not description.in_clear:
            sealed = self._sealer.pad(with_dates(description.asked, record.dates))
        template = description.template(start)
        return PreparedSpan(template, encoded_provenance(record.provenance), sealed)

    def begin(self, parent: Parent | None, start: int, now: datetime) -> CallSpan:
        """Return what the spans have in common of a call that began at `start`.

        `parent` is the span that they are children of, if there is any.
        """
        at = _EVALUATED_AT.encode(now.isoformat())
        pseudonyms, key = self._current_pseudonyms()
        if parent is None:
            trace_id = self._trace_ids.take()
            return CallSpan(trace_id, b"", "", LOCAL_PARENT, start, at, pseudonyms, key)
        trace_id, span_id, state, remote = parent
        flags = REMOTE_PARENT if remote else LOCAL_PARENT
        return CallSpan(trace_id, span_id, state, flags, start, at, pseudonyms, key)

    def assemble(
        self, call: CallSpan, decided: Sequence[Decided], positions: Iterable[bytes]
    ) -> tuple[list[bytes], list[bytes]]:
        """Return the spans of decisions of one call, and the ids of these spans.

        `positions` has for each what `encode_position` gives, or nothing. All end now.
        """
        trace_id, parent, state, flags, start, evaluated_at, pseudonyms, key = call
        before, behind, end = encode_head(trace_id, parent, state, flags, start, time_ns())
        span_ids = self._span_ids.take_some(len(decided))
        name, join, spans = pseudonyms.of_octets, b"".join, []
        named, subject = "", b""
        for (prepared, ending, account_id), span_id, position in zip(
            decided, span_ids, positions, strict=True
        ):
            if account_id != named:  # batches often ask about one account only
                named = account_id
                digits = name(account_id.encode())
                subject = _PSEUDONYM_HEAD + digits + key if account_id else b""
            template, sealed = prepared.template, prepared.sealed
            parts = (
                before,
                span_id,
                behind,
                template.constant,
                evaluated_at,
                ending,
                position,
                subject,
                b"" if sealed is None else self._seal(sealed, trace_id + span_id),
                prepared.provenance,
                end.join(template.events),
            )
            spans.append(join(parts))
        return spans, span_ids

    def assemble_batch(
        self, call: CallSpan, around: SpanTemplate, decided: Sequence[Decided]
    ) -> tuple[list[bytes], list[bytes]]:
        """Return the spans of the decisions of a batch, and their ids.

        Behind them stands the span of the call, made by `around`, which they are children of.
        """
        own = self._span_ids.take()
        inner = call._replace(parent=own, flags=LOCAL_PARENT)
        positions = map(encode_position, range(len(decided)))
        spans, span_ids = self.assemble(inner, decided, positions)
        ended = time_ns()
        spans.append(
            around.assemble(
                call.trace_id, own, call.parent, call.state, call.flags, call.start, ended
            )
        )
        return spans, span_ids

    def _seal(self, padded: Padded, bound_to: bytes) -> bytes:
        """Return the attributes that keep a question for the holder of the legal key, encoded."""
        return b"" if self._sealer is None else self._sealer.seal_padded(padded, bound_to)

    def _current_pseudonyms(self) -> tuple[Pseudonyms, bytes]:
        """Return what makes pseudonyms now, and the attribute that names its key, encoded."""
        pseudonyms = self._pseudonyms.current()
        known = self._named
        if known is None or known[0] is not pseudonyms:
            known = self._named = pseudonyms, _PSEUDONYM_KEY.encode(pseudonyms.key_id)
        return known


@lru_cache(maxsize=_POSITIONS_KEPT)
def encode_position(position: int) -> bytes:
    """Return the attribute of the position of an item, encoded."""
    return _POSITION.encode(position)


def encode_ending(age: Age | None, valid_until: datetime | None) -> bytes:
    """Return the attribute of the end of an answer, encoded; none if it would tell a birthday."""
    if valid_until is None or tells_birthday(age, valid_until):
        return b""
    return _VALID_UNTIL.encode(valid_until.isoformat())
