"""The archive: spans of sealed segments as Parquet, lossless and small, and what to ask of them.

It needs the extra `archive` of the package: pyarrow writes and reads the files, DuckDB queries
them.
"""

from comity.journal.archiving.archiver import Archived, ArchiveOptions, Archiver
from comity.journal.archiving.files import read_file
from comity.journal.archiving.finding import find_archived
from comity.journal.archiving.places import ArchivedFile, ArchivedRange, ArchivePlace
from comity.journal.archiving.tables import ArchivedSpan

__all__ = [
    "ArchiveOptions",
    "ArchivePlace",
    "Archived",
    "ArchivedFile",
    "ArchivedRange",
    "ArchivedSpan",
    "Archiver",
    "find_archived",
    "read_file",
]
