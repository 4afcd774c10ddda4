"""The journal: spans of decisions, put together from templates and kept in segments on disk."""

from comity.journal.attributes import (
    OF_EVENT,
    OF_SPAN,
    AttributeKey,
    encode_attributes,
    encode_varint,
)
from comity.journal.errors import (
    DamagedSegmentError,
    JournalError,
    JournalFullError,
    JournalLockedError,
    JournalSyncError,
    SpanTooLongError,
)
from comity.journal.journal import Journal, log_notice
from comity.journal.layout import SegmentHeader, SegmentName, segments_in
from comity.journal.options import (
    Event,
    JournalOptions,
    JournalStatus,
    Notice,
    Recipient,
    WhenFull,
)
from comity.journal.reading import Damage, Frame, is_sealed, read_header, read_segment
from comity.journal.recovery import recover_abandoned
from comity.journal.room import is_exported, mark_archived, mark_exported
from comity.journal.template import (
    LOCAL_PARENT,
    REMOTE_PARENT,
    EventTemplate,
    JoinedTemplate,
    SpanTemplate,
    encode_event,
    encode_head,
    encode_start,
)

__all__ = [
    "LOCAL_PARENT",
    "OF_EVENT",
    "OF_SPAN",
    "REMOTE_PARENT",
    "AttributeKey",
    "Damage",
    "DamagedSegmentError",
    "Event",
    "EventTemplate",
    "Frame",
    "JoinedTemplate",
    "Journal",
    "JournalError",
    "JournalFullError",
    "JournalLockedError",
    "JournalOptions",
    "JournalStatus",
    "JournalSyncError",
    "Notice",
    "Recipient",
    "SegmentHeader",
    "SegmentName",
    "SpanTemplate",
    "SpanTooLongError",
    "WhenFull",
    "encode_attributes",
    "encode_event",
    "encode_head",
    "encode_start",
    "encode_varint",
    "is_exported",
    "is_sealed",
    "log_notice",
    "mark_archived",
    "mark_exported",
    "read_header",
    "read_segment",
    "recover_abandoned",
    "segments_in",
]
