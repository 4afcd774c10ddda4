"""Answers batches from their octets: item by item what is known, the rest as messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import sleep, time_ns
from typing import Final

import grpc
from google.protobuf.message import DecodeError
from opentelemetry.trace import get_current_span

from comity.domain.errors import ComityError, InvalidQuestionError
from comity.grpc_api.deadlines import require_waiting
from comity.grpc_api.eligibility import Call, EligibilityServicer
from comity.grpc_api.interceptors import parse
from comity.grpc_api.limits import limit_of
from comity.grpc_api.parts import revision_of
from comity.grpc_api.remembered_answers import Memory
from comity.grpc_api.reply_octets import encode_evaluated_at, encode_response, encode_result
from comity.grpc_api.shortcuts import ITEM, Shortcuts
from comity.grpc_api.views import BATCH_VIEW, BatchView, ItemView, is_plain
from comity.telemetry.prepared_spans import CallSpan, Parent, SpanPreparer
from comity.v1 import common_pb2, eligibility_service_pb2

_REQUEST: Final = eligibility_service_pb2.BatchCheckEligibilityRequest
_ITEM: Final = eligibility_service_pb2.BatchCheckEligibilityItem
# A large batch lets single questions in between, about every millisecond.
_ITEMS_A_TURN: Final = 128
_UNKNOWN_A_TURN: Final = 4
_MOST_ITEMS: Final = limit_of(f"{_REQUEST.DESCRIPTOR.full_name}.items").most_entries or 0


@dataclass(frozen=True, slots=True)
class _Under:
    """A batch while it is answered.

    Attributes:
        call: what its items share.
        memory: what is remembered of the revision that answers it.
        span: what the spans of its items share.
        evaluated_at: the instant that it is answered for, as a field of each reply.
        results: results so far, as fields of the reply; empty for what is not known.
        spans: spans of items that are to be recorded before the reply leaves.
        counts: what counts their decisions.
    """

    call: Call
    memory: Memory
    span: CallSpan
    evaluated_at: bytes
    results: list[bytes] = field(default_factory=list)
    spans: list[bytes] = field(default_factory=list)
    counts: list[Callable[[], None]] = field(default_factory=list)


class OctetBatches:
    """Answers batches."""

    def __init__(
        self, servicer: EligibilityServicer, shortcuts: Shortcuts, preparer: SpanPreparer
    ) -> None:
        """Answer from `shortcuts`, recorded by `preparer`; the rest is for `servicer`."""
        self._servicer = servicer
        self._shortcuts = shortcuts
        self._preparer = preparer

    def answer(self, octets: bytes, context: grpc.ServicerContext) -> bytes:
        """Return the reply to a batch.

        Raises:
            ComityError: as `EligibilityServicer.BatchCheckEligibility`.
            MalformedRequestError: the octets are no batch.
            NotRecordedError: the decisions can't be recorded.
        """
        view = _view_of(octets)
        call = self._begin(view, octets, context) if view else None
        memory = self._shortcuts.memory()
        if view is None or call is None or memory is None or not _is_usual(call, memory):
            request = parse(_REQUEST.FromString, octets)
            return self._servicer.BatchCheckEligibility(request, context).SerializeToString()
        parent = get_current_span().get_span_context()
        above = Parent.of(parent) if parent.is_valid else None
        span = self._preparer.begin(above, time_ns(), call.now)
        under = _Under(call, memory, span, encode_evaluated_at(call.now))
        for position, item in enumerate(view.items):
            require_waiting(context)
            if position % _ITEMS_A_TURN == _ITEMS_A_TURN - 1:
                sleep(0)
            under.results.append(self._recall(item, position, under))
        self._answer_rest(view, under, context)
        self._preparer.keep(under.spans)
        for count in under.counts:
            count()
        return b"".join((*under.results, _revision_octets(call)))

    def _begin(self, view: BatchView, octets: bytes, context: grpc.ServicerContext) -> Call | None:
        """Return what the items share; None if all is to be examined together.

        Raises:
            ComityError: as `answer`.
        """
        try:
            return self._servicer.begin_batch(_options(view), context)
        except InvalidQuestionError:
            return None
        except ComityError:
            parse(_REQUEST.FromString, octets)  # what is no message is said to be none first
            raise

    def _answer_rest(self, view: BatchView, under: _Under, context: grpc.ServicerContext) -> None:
        """Answer what was not known, once all of it is found to be messages.

        Raises:
            ComityError: as `answer`.
        """
        rest = {
            position: parse(_ITEM.FromString, item.SerializeToString())
            for position, item in enumerate(view.items)
            if not under.results[position]
        }
        for number, (position, message) in enumerate(rest.items()):
            require_waiting(context)
            if number % _UNKNOWN_A_TURN == _UNKNOWN_A_TURN - 1:
                sleep(0)
            # One like it may have been answered just now.
            recalled = self._recall(view.items[position], position, under)
            if not recalled:
                result = self._servicer.result(message, position, under.call)
                recalled = encode_result(result.SerializeToString())
            under.results[position] = recalled

    def _recall(self, item: ItemView, position: int, under: _Under) -> bytes:
        """Return the result of an item, as a field of the reply; empty if it is not known."""
        memory, now = under.memory, under.call.now
        asked = memory.asked.get((under.call.octets, item.facts))
        if asked is None:
            return b""
        subject = item.subject
        recalled = self._shortcuts.recall(memory, asked, subject, now, ITEM)
        if recalled is None:
            return b""
        known, _, ending = recalled
        span, decision_id = self._preparer.assemble(
            known.span, under.span, subject.account_id, ending, position
        )
        under.spans.append(span)
        under.counts.append(known.count)
        return encode_response(recalled.reply(under.evaluated_at, decision_id))


def _view_of(octets: bytes) -> BatchView | None:
    """Return the view of a batch that has nothing unusual about it."""
    try:
        view = BATCH_VIEW.FromString(octets)
    except DecodeError:
        return None
    return view if is_plain(view, octets) and len(view.items) <= _MOST_ITEMS else None


def _options(view: BatchView) -> common_pb2.Options:
    """Return the options of a batch.

    Raises:
        MalformedRequestError: the octets are no options.
    """
    return parse(common_pb2.Options.FromString, view.options)


def _is_usual(call: Call, memory: Memory) -> bool:
    """Return whether answers may be known: those of the revision in force, for now."""
    options = call.options
    usual = not options.hypothetical and not options.explain_missing
    return usual and memory.policy is call.policy


def _revision_octets(call: Call) -> bytes:
    """Return the fields of the reply that tell of the revision."""
    revision = revision_of(call.policy.revision)
    reply = eligibility_service_pb2.BatchCheckEligibilityResponse(policy_revision=revision)
    return reply.SerializeToString()
