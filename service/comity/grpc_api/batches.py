"""Answers batches from their octets: item by item what is known, the rest as messages."""

from __future__ import annotations

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
from comity.grpc_api.remembered_answers import Memory, Moment, Recalled
from comity.grpc_api.reply_octets import (
    encode_decision_ids,
    encode_evaluated_at,
    encode_responses,
)
from comity.grpc_api.shortcuts import ITEM, Shortcuts
from comity.grpc_api.swift_batches import ITEMS_A_TURN, MOST_ITEMS
from comity.grpc_api.views import BATCH_VIEW, BatchView, ItemView, is_plain
from comity.telemetry.prepared_spans import Parent, SpanPreparer, encode_position
from comity.v1 import common_pb2, eligibility_service_pb2

_REQUEST: Final = eligibility_service_pb2.BatchCheckEligibilityRequest
_ITEM: Final = eligibility_service_pb2.BatchCheckEligibilityItem
# A large batch lets single questions in between, about every millisecond.
_UNKNOWN_A_TURN: Final = 4


@dataclass(frozen=True, slots=True)
class _Under:
    """A batch while it is answered.

    Attributes:
        call: what its items share.
        moment: what is remembered of the revision that answers it.
        recalled: answers that are known, by position.
        results: other results, as fields of the reply, by position.
    """

    call: Call
    moment: Moment
    recalled: dict[int, Recalled] = field(default_factory=dict)
    results: dict[int, bytes] = field(default_factory=dict)


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
        began = time_ns()
        under = _Under(call, Moment(memory, call.now, ITEM))
        for position, item in enumerate(view.items):
            require_waiting(context)
            if position % ITEMS_A_TURN == ITEMS_A_TURN - 1:
                sleep(0)
            self._recall(item, position, under)
        self._answer_rest(view, under, context)
        self._record(under, began)
        results = [under.results[position] for position in range(len(view.items))]
        return b"".join((*results, memory.revision))

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
            if position not in under.recalled
        }
        for number, (position, message) in enumerate(rest.items()):
            require_waiting(context)
            if number % _UNKNOWN_A_TURN == _UNKNOWN_A_TURN - 1:
                sleep(0)
            # One like it may have been answered just now.
            item = view.items[position]
            if not self._recall(item, position, under, anew=True):
                under.results[position] = self._servicer.result(message, position, under.call)

    def _recall(self, item: ItemView, position: int, under: _Under, *, anew: bool = False) -> bool:
        """Keep the answer to an item if it is known, and return whether it is.

        If that is asked for, it is worked out `anew` from parts that are known.
        """
        moment, names = under.moment, (under.call.octets, item.facts)
        asked = moment.memory.asked.get(names)
        recalled = self._shortcuts.recall(moment, asked, item.subject) if asked else None
        if recalled is None and anew:
            recalled = self._shortcuts.work_out(moment, names, item.subject)
        if recalled is None:
            return False
        under.recalled[position] = recalled
        return True

    def _record(self, under: _Under, began: int) -> None:
        """Record the answers that were known, and make results of them.

        Raises:
            NotRecordedError: they can't be recorded; some may be, all the same.
        """
        parent, now = get_current_span().get_span_context(), under.call.now
        call = self._preparer.begin(Parent.of(parent) if parent.is_valid else None, began, now)
        decided = [decision for _, _, decision in under.recalled.values()]
        positions = map(encode_position, under.recalled)
        spans, span_ids = self._preparer.assemble(call, decided, positions)
        self._preparer.keep(spans)
        shared = encode_evaluated_at(now) + encode_decision_ids(call.trace_id)
        for (position, recalled), span_id in zip(under.recalled.items(), span_ids, strict=True):
            known, ending, _ = recalled
            known.count(1)
            parts = encode_responses(((known.reply, ending),), shared, (span_id,))
            under.results[position] = b"".join(parts)


def _view_of(octets: bytes) -> BatchView | None:
    """Return the view of a batch that has nothing unusual about it."""
    try:
        view = BATCH_VIEW.FromString(octets)
    except DecodeError:
        return None
    return view if is_plain(view, octets) and len(view.items) <= MOST_ITEMS else None


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
