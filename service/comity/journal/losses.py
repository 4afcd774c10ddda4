"""Spans that tell of spans which were removed to make room."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from opentelemetry.trace import Status, StatusCode

from comity.journal.attributes import encode_attributes
from comity.journal.errors import JournalError
from comity.journal.options import Event, Notice
from comity.journal.template import LOCAL_PARENT, SpanTemplate

NAME: Final = "comity.journal.dropped"
SEGMENT: Final = "comity.journal.segment"
SPANS: Final = "comity.journal.spans"
_TEMPLATE: Final = SpanTemplate(
    NAME, status=Status(StatusCode.ERROR, "removed to make room, though somebody waited for them")
)


class Losses:
    """Records in a journal what it lost, once there is room for that.

    What makes room must not wait for it, so it notes a loss here, and it is told later.
    """

    def __init__(self) -> None:
        """Begin without losses."""
        self._untold: deque[bytes] = deque()

    def note(self, notice: Notice) -> None:
        """Note that spans were dropped, if `notice` says so."""
        if notice.event is Event.DROPPED:
            now = time.time_ns()
            told = encode_attributes({SEGMENT: notice.segment, SPANS: notice.spans})
            ids = os.urandom(16), os.urandom(8)
            self._untold.append(_TEMPLATE.assemble(*ids, b"", "", LOCAL_PARENT, now, now, told))

    def tell(self, append: Callable[[bytes], int | None]) -> None:
        """Have `append` record each loss; those that it does not take are told the next time."""
        while self._untold:
            span = self._untold.popleft()
            try:
                taken = append(span) is not None
            except JournalError:
                taken = False
            if not taken:
                self._untold.appendleft(span)
                return
