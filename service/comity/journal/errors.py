"""What can go wrong with the journal."""

from __future__ import annotations


class JournalError(Exception):
    """A decision could not be recorded, or a segment could not be used."""


class JournalFullError(JournalError):
    """There is no room for the record, on the disk or in the budget."""


class JournalSyncError(JournalError):
    """The disk did not confirm the record, or not in time; it may be in the journal still."""


class JournalLockedError(JournalError):
    """The journal of this worker is being written by somebody else."""


class SpanTooLongError(JournalError):
    """The span is longer than a segment can hold."""


class DamagedSegmentError(JournalError):
    """The header of a segment can't be read."""
