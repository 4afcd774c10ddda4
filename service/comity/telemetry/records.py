"""Finds the records of decisions again, in the journal of this node and in its archive."""

from __future__ import annotations

from pathlib import Path

from comity.app.exact_values import ExactValueError
from comity.domain.errors import RecordsUnavailableError, UnreadableRecordError
from comity.journal.errors import JournalError
from comity.journal.index import find_span
from comity.telemetry.decoding import role_in, role_of, stored_span
from comity.telemetry.identifiers import identity_octets
from comity.telemetry.reading import StoredSpan
from comity.telemetry.recollection import Recollection, recollect

_TRACE_ID_BYTES = 16


class KeptRecords:
    """`DecisionRecords` of what every process of a node recorded, as long as it is kept."""

    def __init__(self, journal: Path, archive: str = "") -> None:
        """Look into the directory `journal`, then into the `archive`, if one is named."""
        self._journal = journal
        self._archive = archive

    def find(self, decision_id: str) -> Recollection | None:
        """Return the record of a decision; None if none is kept.

        Raises:
            RecordsUnavailableError: journal or archive can't be read.
            UnreadableRecordError: the record is there and can't be read.
        """
        octets = identity_octets(decision_id)
        trace_id, span_id = octets[:_TRACE_ID_BYTES], octets[_TRACE_ID_BYTES:]
        # In this order: what goes from the journal to the archive meanwhile is found there.
        span = self._in_journal(trace_id, span_id) or self._in_archive(trace_id, span_id)
        if span is None or not span.is_decision:
            return None
        try:
            return recollect(span)
        except ExactValueError as error:
            message = f"the record of this decision can't be read: {error}"
            raise UnreadableRecordError(message) from error

    def _in_journal(self, trace_id: bytes, span_id: bytes) -> StoredSpan | None:
        """Return a span of the journal; None if it isn't there.

        Raises:
            RecordsUnavailableError: the journal can't be read.
        """
        try:
            found = find_span(self._journal, trace_id, span_id)
        except OSError as error:
            message = f"the journal can't be used: {error.strerror}"
            raise RecordsUnavailableError(message) from error
        return None if found is None else stored_span(found.frame.span, role_of(found.segment))

    def _in_archive(self, trace_id: bytes, span_id: bytes) -> StoredSpan | None:
        """Return a span of the archive; None if it isn't there, or if there is no archive.

        Raises:
            RecordsUnavailableError: the archive can't be read.
        """
        if not self._archive:
            return None
        try:
            from comity.journal.archiving import ArchivePlace, find_archived
        except ImportError as error:
            message = "reading the archive needs pyarrow: pip install 'comity[archive]'"
            raise RecordsUnavailableError(message) from error
        try:
            found = find_archived(ArchivePlace(self._archive), trace_id, span_id)
        except JournalError as error:
            message = f"the archive can't be used: {error}"
            raise RecordsUnavailableError(message) from error
        except OSError as error:
            message = f"the archive can't be used: {error.strerror or 'it refuses'}"
            raise RecordsUnavailableError(message) from error
        return None if found is None else stored_span(found.span, role_in(found.resource))
