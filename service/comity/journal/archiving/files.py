"""Tables of spans as Parquet files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from comity.journal.archiving.tables import NEEDED, SCHEMA, ArchivedSpan, spans_of
from comity.journal.errors import JournalError

_LEVEL: Final = 9
# Numbers that grow from row to row, or differ little: their differences take less.
_DIFFERENCES: Final = ("sequence", "start", "duration_ns", "evaluated_at", "position")
# What hardly ever stands twice.
_RANDOM: Final = ("trace_id", "span_id", "parent_span_id", "trace_state")
# So that readers can pass over files and groups of rows.
_STATISTICS: Final = ("segment", "sequence", "start", "effect", "kind")
# Of these each value is read once, whatever the rows that have it.
_REPEATED: Final = ("segment", "pseudonym", "provenance", "shape", "resource", "scope")
_MOST_DICTIONARY_BYTES: Final = 1 << 30
_FORMAT: Final = {b"comity.archive": b"1"}


def encode_file(table: pa.Table) -> bytes:
    """Return `table` as a Parquet file, whose pages have checksums."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata(_FORMAT),
        sink,
        row_group_size=max(1, len(table)),
        compression="zstd",
        compression_level=_LEVEL,
        use_dictionary=[name for name in _leaves(table) if name not in (*_DIFFERENCES, *_RANDOM)],
        column_encoding=dict.fromkeys(_DIFFERENCES, "DELTA_BINARY_PACKED"),
        dictionary_pagesize_limit=_MOST_DICTIONARY_BYTES,
        write_statistics=list(_STATISTICS),
        write_page_checksum=True,
        store_schema=False,
    )
    return bytes(sink.getvalue().to_pybytes())


def read_file(
    source: Any,  # noqa: ANN401 - path, file or buffer
    columns: Sequence[str] = tuple(SCHEMA.names),
) -> Iterator[ArchivedSpan]:
    """Yield the spans of a Parquet file of the archive, as they stood in the journal.

    It reads `columns`, which are all or `NEEDED`.

    Raises:
        JournalError: it is damaged, or no file of the archive.
        OSError: it can't be read.
    """
    try:
        table = pq.read_table(
            source,
            columns=list(columns),
            read_dictionary=list(_REPEATED),
            page_checksum_verification=True,
        )
        yield from spans_of(table)
    except (pa.ArrowException, LookupError, OSError, TypeError, ValueError) as error:
        # What pyarrow finds wrong with octets is an OSError too, without a number.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise damaged() from error


def damaged() -> JournalError:
    """Return the error of a file that can't be read."""
    message = "a file of the archive is damaged"
    return JournalError(message)


def check_file(octets: bytes, digest: bytes) -> None:
    """Return if the spans of a Parquet file are those that `digest_spans` was told of.

    Raises:
        JournalError: they are not, so that the file must not take their place.
    """
    found = SpanDigest()
    for span in read_file(pa.BufferReader(octets), NEEDED):
        found.add(span)
    if found.value() != digest:
        message = "what was archived is not what the journal holds; nothing is removed"
        raise JournalError(message)


class SpanDigest:
    """A digest over spans, all that belongs to them, and their order."""

    def __init__(self) -> None:
        """Begin without spans."""
        self._hash = hashlib.blake2b(digest_size=16)
        self._origin = ("", b"", b"")

    def add(self, archived: ArchivedSpan) -> None:
        """Add a span."""
        segment, sequence, span, resource, scope = archived
        origin = segment, resource, scope
        if origin != self._origin:
            self._origin = origin
            head = f"{segment} {len(resource)} {len(scope)}\n"
            self._hash.update(b"".join((head.encode(), resource, scope)))
        self._hash.update(b"%d %d\n" % (sequence, len(span)))
        self._hash.update(span)

    def value(self) -> bytes:
        """Return the digest of what was added so far."""
        return self._hash.digest()


def _leaves(table: pa.Table) -> Iterator[str]:
    """Yield the columns as Parquet names them, lists by their members."""
    for field in table.schema:
        yield f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name
