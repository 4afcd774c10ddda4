"""Answers batches all of whose answers are known: one pass over the items for each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from time import sleep, time_ns
from typing import Final

import grpc
from opentelemetry.trace import SpanKind

from comity.grpc_api.callers import Entitlements, is_entitled
from comity.grpc_api.deadlines import is_late
from comity.grpc_api.limits import limit_of
from comity.grpc_api.remembered_answers import Moment, Recalled
from comity.grpc_api.reply_octets import (
    encode_decision_ids,
    encode_evaluated_at,
    encode_responses,
)
from comity.grpc_api.shortcuts import ITEM, Shortcuts
from comity.grpc_api.tracing import STATUS_CODE, parent_of, rpc_attributes
from comity.grpc_api.views import BATCH_VIEW, ItemView, is_plain
from comity.journal import SpanTemplate
from comity.telemetry.prepared_spans import SpanPreparer
from comity.v1 import eligibility_service_pb2

_REQUEST: Final = eligibility_service_pb2.BatchCheckEligibilityRequest
MOST_ITEMS: Final = limit_of(f"{_REQUEST.DESCRIPTOR.full_name}.items").most_entries or 0
# A large batch lets single questions in between, and looks whether anybody still waits for it.
ITEMS_A_TURN: Final = 128


class SwiftBatches:
    """Answers batches all of whose answers are known."""

    def __init__(
        self,
        shortcuts: Shortcuts,
        preparer: SpanPreparer,
        entitlements: Entitlements,
        method: str,
    ) -> None:
        """Answer from `shortcuts`, recorded by `preparer`, what `entitlements` allow the caller.

        `method` is what the calls ask for.
        """
        self._shortcuts = shortcuts
        self._preparer = preparer
        self._entitlements = entitlements
        name = method.removeprefix("/")
        self._call = SpanTemplate(name, SpanKind.SERVER, {**rpc_attributes(name), STATUS_CODE: 0})

    def answer(self, octets: bytes, context: grpc.ServicerContext) -> bytes | None:
        """Return the reply to a batch; None if an answer is not known, or nobody waits for it.

        Raises:
            DecodeError: the octets are no batch.
            NotRecordedError: the decisions can't be recorded; some may be, all the same.
        """
        start, view = time_ns(), BATCH_VIEW.FromString(octets)
        moment, items = self._shortcuts.moment(ITEM), view.items
        if moment is None or not 0 < len(items) <= MOST_ITEMS or not is_plain(view, octets):
            return None
        recalled = self._recall(moment, view.options, items, context)
        if recalled is None or is_late(context):
            return None
        preparer, now = self._preparer, moment.now
        call = preparer.begin(parent_of(context), start, now)
        decided = [decision for _, _, decision in recalled]
        spans, span_ids = preparer.assemble_batch(call, self._call, decided)
        preparer.keep(spans)
        for count, number in Counter([known.count for known, _, _ in recalled]).items():
            count(number)
        replies = [(known.reply, ending) for known, ending, _ in recalled]
        shared = encode_evaluated_at(now) + encode_decision_ids(call.trace_id)
        parts = encode_responses(replies, shared, span_ids)
        parts.append(moment.memory.revision)
        return b"".join(parts)

    def _recall(
        self,
        moment: Moment,
        options: bytes,
        items: Sequence[ItemView],
        context: grpc.ServicerContext,
    ) -> list[Recalled] | None:
        """Return the answers to all items; None if one is not known, or not for the caller.

        Nor are there any if nobody waits for them.
        """
        find, recall = moment.memory.asked.get, self._shortcuts.recall
        first = find((options, items[0].facts))
        if first is None or not is_entitled(self._entitlements, first.options, context):
            return None
        recalled: list[Recalled] = []
        for begin in range(0, len(items), ITEMS_A_TURN):
            if begin:
                sleep(0)
            if is_late(context):
                return None
            for item in items[begin : begin + ITEMS_A_TURN]:
                asked = find((options, item.facts))
                found = None if asked is None else recall(moment, asked, item.subject)
                if found is None:
                    return None
                recalled.append(found)
        return recalled
