"""Where the archive is: a directory of this machine, or one of an object storage.

A file is there as a whole or not at all. Its name says of which segments it holds the spans, so
that who archives these again finds them done.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from comity.journal.archiving.id_filter import may_hold
from comity.journal.archiving.tables import SCHEMA
from comity.journal.disk import sync_directory
from comity.journal.errors import JournalError
from comity.journal.layout import SegmentName

_NAME: Final = re.compile(
    r"([0-9a-f]{32})-([0-9]{3,10})-([0-9]{8,20})-([0-9]{8,20})(?:\.([0-9]+)of([0-9]+))?\.parquet"
)
_HOUR: Final = re.compile(r"hour=([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2})")
_UNFINISHED: Final = ".unfinished"
_FILTER: Final = ".ids"
_PRIVATE_FILE: Final = 0o600
_PRIVATE_DIRECTORY: Final = 0o700


class ArchivedRange(NamedTuple):
    """Neighbouring segments of one life of a writer that were archived together.

    Attributes:
        boot: identity of the writer's life.
        worker: number of the writer.
        first: number of the first segment.
        last: number of the last segment.
    """

    boot: bytes
    worker: int
    first: int
    last: int

    def covers(self, segment: SegmentName) -> bool:
        """Return whether `segment` is among them."""
        same = (segment.boot, segment.worker) == (self.boot, self.worker)
        return same and self.first <= segment.sequence <= self.last


class ArchivedFile(NamedTuple):
    """A file of the archive.

    Attributes:
        hour: hour in UTC in which its spans ended, such as `2026-11-24T22`.
        range: segments that its spans come from.
        part: its number among the files of these segments, which may span hours, from 1.
        parts: how many files they have; until all are there none counts.
    """

    hour: str
    range: ArchivedRange
    part: int = 1
    parts: int = 1

    @property
    def path(self) -> str:
        """Its path within the archive."""
        boot, worker, first, last = self.range
        part = f".{self.part}of{self.parts}" if self.parts > 1 else ""
        name = f"{boot.hex()}-{worker:03d}-{first:08d}-{last:08d}{part}.parquet"
        return f"hour={self.hour}/{name}"

    @classmethod
    def parse(cls, path: str) -> ArchivedFile | None:
        """Return the file of which `path` is the path; None if it is none of ours."""
        folder, _, name = path.rpartition("/")
        hour, found = _HOUR.fullmatch(folder), _NAME.fullmatch(name)
        if hour is None or found is None:
            return None
        boot, worker, first, last, part, parts = found.groups(default="1")
        segments = ArchivedRange(bytes.fromhex(boot), int(worker), int(first), int(last))
        return cls(hour[1], segments, int(part), int(parts))


class ArchivePlace:
    """Holds the files of an archive."""

    def __init__(self, target: str) -> None:
        """Use the directory `target`: a path, or a URI such as `s3://bucket/archive`.

        Raises:
            JournalError: nothing that holds files is known by such a URI.
        """
        self._local: Path | None = None
        try:
            if "://" in target:
                self._files, self._base = fs.FileSystem.from_uri(target)
            else:
                self._files, self._base = fs.LocalFileSystem(), str(Path(target).absolute())
        except (pa.ArrowException, OSError, ValueError) as error:
            message = f"{target.partition('://')[0]}:// is no place for an archive as it is given"
            raise JournalError(message) from error
        if isinstance(self._files, fs.LocalFileSystem):
            self._local = Path(self._base)

    def files(self) -> tuple[list[ArchivedFile], list[ArchivedFile]]:
        """Return the files that count, by path, and those of segments that are not there whole.

        Raises:
            OSError: the place can't be read.
        """
        selector = fs.FileSelector(self._base, recursive=True, allow_not_found=True)
        paths = [info.path for info in self._files.get_file_info(selector) if info.is_file]
        base = len(self._base.rstrip("/")) + 1
        found = [ArchivedFile.parse(path[base:]) for path in sorted(paths)]
        groups: dict[tuple[ArchivedRange, int], list[ArchivedFile]] = defaultdict(list)
        for file in found:
            if file is not None:
                groups[file.range, file.parts].append(file)
        whole: list[ArchivedFile] = []
        partial: list[ArchivedFile] = []
        for (_, parts), group in groups.items():
            there = {file.part for file in group} == set(range(1, parts + 1))
            (whole if there else partial).extend(group)
        return sorted(whole, key=lambda file: file.path), partial

    def put(self, file: ArchivedFile, octets: bytes) -> None:
        """Return once the place has `file`; a crash leaves the whole file or none.

        Raises:
            OSError: the place refuses.
        """
        self._put(file.path, octets)

    def put_filter(self, file: ArchivedFile, octets: bytes) -> None:
        """Return once the place has what tells which spans `file` may hold.

        Raises:
            OSError: the place refuses.
        """
        self._put(_filter_path(file), octets)

    def may_hold(self, file: ArchivedFile, span_id: bytes) -> bool:
        """Return False if `file` doesn't hold a span of this id.

        Raises:
            OSError: the place can't be read.
        """
        try:
            with self._files.open_input_file(self._path_of(_filter_path(file))) as stream:
                return may_hold(stream, span_id)
        except FileNotFoundError:  # an archive of old
            return True

    def _put(self, path: str, octets: bytes) -> None:
        """Return once the place has a file; a crash leaves the whole file or none.

        Raises:
            OSError: the place refuses.
        """
        if self._local is not None:
            _put_local(self._local, path, octets)
            return
        # An object is there once it is written to its end; moving it makes no half one either.
        final = self._path_of(path)
        self._files.create_dir(final.rpartition("/")[0], recursive=True)
        with self._files.open_output_stream(final + _UNFINISHED) as stream:
            stream.write(octets)
        self._files.move(final + _UNFINISHED, final)

    def read(self, file: ArchivedFile) -> bytes:
        """Return the octets of a file.

        Raises:
            OSError: it can't be read.
        """
        with self._files.open_input_stream(self._path(file)) as stream:
            return bytes(stream.read())

    def open(self, file: ArchivedFile) -> pa.NativeFile:
        """Return a file to be read here and there; close it.

        Raises:
            OSError: it can't be read.
        """
        return self._files.open_input_file(self._path(file))

    def remove(self, files: Iterable[ArchivedFile]) -> None:
        """Remove files, and their filters.

        Raises:
            OSError: the place refuses.
        """
        for file in files:
            self._files.delete_file(self._path(file))
            with contextlib.suppress(FileNotFoundError):
                self._files.delete_file(self._path_of(_filter_path(file)))

    def dataset(self, files: Sequence[ArchivedFile]) -> ds.Dataset:
        """Return the rows of `files`, each with its hour."""
        hour = pa.schema([pa.field("hour", pa.string())])
        schema = pa.schema([*map(_plain, SCHEMA), *hour])
        return ds.dataset(
            [self._path(file) for file in files],
            schema=schema,
            format="parquet",
            filesystem=self._files,
            partitioning=ds.partitioning(hour, flavor="hive"),
        )

    def _path(self, file: ArchivedFile) -> str:
        """Return where a file is in its file system."""
        return self._path_of(file.path)

    def _path_of(self, path: str) -> str:
        """Return where what has this path within the archive is in its file system."""
        return f"{self._base.rstrip('/')}/{path}"


def _filter_path(file: ArchivedFile) -> str:
    """Return the path of the filter of a file; readers of Parquet pass over names with a dot."""
    folder, _, name = file.path.rpartition("/")
    return f"{folder}/.{name}{_FILTER}"


def _plain(field: pa.Field) -> pa.Field:
    """Return a field of the archive as it is read, without a dictionary."""
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    return pa.field(field.name, kind)


def _put_local(base: Path, path: str, octets: bytes) -> None:
    """Return once the disk has a file and its name.

    Raises:
        OSError: the disk refuses.
    """
    final = base / path
    base.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    final.parent.mkdir(mode=_PRIVATE_DIRECTORY, exist_ok=True)
    unfinished = final.with_name(final.name + _UNFINISHED)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with os.fdopen(os.open(unfinished, flags, _PRIVATE_FILE), "wb") as stream:
        stream.write(octets)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(final)
    for directory in (final.parent, base, base.parent):
        sync_directory(directory)
