"""Policy files of the revisions that were in force, kept on disk across restarts."""

from __future__ import annotations

import io
import os
import re
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from comity.app.active_policy import KnownRevision
from comity.domain.errors import RevisionUnusableError
from comity.domain.request import Revision

REVISIONS_KEPT: Final = 64

_NAME: Final = re.compile(r"(\d{10})_(\d{8}T\d{12}Z)_([0-9a-f]{64})\.zip")
_UNFINISHED: Final = ".unfinished-"
_INSTANT_FORMAT: Final = "%Y%m%dT%H%M%S%fZ"
# A fixed date keeps equal files equal bytes; it is the earliest that the format knows.
_MEMBER_DATE: Final = (1980, 1, 1, 0, 0, 0)


class BundleCacheError(RevisionUnusableError):
    """A revision can't be written or read back; the message says why."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A revision on disk.

    Attributes:
        path: its file.
        known: what the name of the file says of it.
    """

    path: Path
    known: KnownRevision


class BundleCache:
    """A `RevisionHistory` of one file a revision, whose name says epoch, instant and digest.

    One process writes; others may read at the same time. The names alone carry the epochs, so
    a damaged file costs the contents of one revision and never the order of revisions.
    """

    def __init__(self, folder: Path, kept: int = REVISIONS_KEPT) -> None:
        """Keep the latest `kept` revisions in `folder`, which is made when first written to."""
        self._folder = folder
        self._most_kept = kept

    def latest(self) -> KnownRevision | None:
        """Return the revision that came into force last; None before the first."""
        kept = self._kept()
        return kept[-1].known if kept else None

    def known(self) -> tuple[KnownRevision, ...]:
        """Return all revisions kept, earliest first."""
        return tuple(one.known for one in self._kept())

    def known_at(self, instant: datetime) -> KnownRevision | None:
        """Return the revision that was in force at `instant`; None before the first kept."""
        earlier = [one.known for one in self._kept() if one.known.in_force_since <= instant]
        return earlier[-1] if earlier else None

    def with_content(self, digest: str) -> KnownRevision | None:
        """Return the latest revision kept of this digest; None if there is none."""
        same = [one.known for one in self._kept() if one.known.revision.digest == digest]
        return same[-1] if same else None

    def files_of(self, known: KnownRevision) -> Mapping[str, bytes]:
        """Return the policy files of a revision by path relative to the policy directory.

        Raises:
            BundleCacheError: the revision is not kept, or its file is damaged.
        """
        with self._open(known) as archive:
            try:
                return {name: archive.read(name) for name in archive.namelist()}
            except (zipfile.BadZipFile, OSError, EOFError, ValueError) as error:
                raise _damaged(known) from error

    def source_of(self, known: KnownRevision) -> str:
        """Return the policy directory that a revision was read from.

        Raises:
            BundleCacheError: as `files_of`.
        """
        with self._open(known) as archive:
            return archive.comment.decode("utf-8", "surrogateescape")

    def admit(
        self, digest: str, files: Mapping[str, bytes], source: Path, now: datetime
    ) -> KnownRevision:
        """Return the revision under which `files` come into force, durably kept.

        The content that came into force last keeps its epoch; any other, be it an old one, gets
        the next epoch.

        Args:
            digest: digest of the compiled bundle.
            files: policy files by relative path.
            source: policy directory that they were read from.
            now: the present instant.

        Raises:
            BundleCacheError: it can't be written.
        """
        last = self.latest()
        if last and last.revision.digest == digest and self._intact(last, source):
            return last
        if last and last.revision.digest == digest:
            known = last
        else:
            epoch = last.revision.epoch + 1 if last else 1
            since = now.astimezone(UTC)
            if last:  # a clock that was set back must not turn the order of revisions around
                since = max(since, last.in_force_since + timedelta(microseconds=1))
            known = KnownRevision(Revision(epoch, digest), since)
        self._write(known, _pack(files, source))
        for superfluous in self._kept()[: -self._most_kept]:
            superfluous.path.unlink(missing_ok=True)
        return known

    def _intact(self, known: KnownRevision, source: Path) -> bool:
        """Return whether a revision can be read back and came from `source`."""
        try:
            self.files_of(known)
            return self.source_of(known) == str(source)
        except BundleCacheError:
            return False

    def _kept(self) -> list[_Kept]:
        """Return the revisions on disk, earliest first."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except OSError:
            return []
        found = []
        for name in sorted(names):
            match = _NAME.fullmatch(name)
            if match:
                since = datetime.strptime(match[2], _INSTANT_FORMAT).replace(tzinfo=UTC)
                known = KnownRevision(Revision(int(match[1]), match[3]), since)
                found.append(_Kept(self._folder / name, known))
        return found

    def _path(self, known: KnownRevision) -> Path:
        """Return the file of a revision."""
        since = known.in_force_since.strftime(_INSTANT_FORMAT)
        return self._folder / f"{known.revision.epoch:010d}_{since}_{known.revision.digest}.zip"

    def _open(self, known: KnownRevision) -> zipfile.ZipFile:
        """Return the file of a revision, open.

        Raises:
            BundleCacheError: as `files_of`.
        """
        try:
            return zipfile.ZipFile(self._path(known))
        except (zipfile.BadZipFile, OSError) as error:
            raise _damaged(known) from error

    def _write(self, known: KnownRevision, content: bytes) -> None:
        """Write the file of a revision, all or nothing, and on the disk when this returns.

        Raises:
            BundleCacheError: it can't be written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for left_over in self._folder.glob(f"{_UNFINISHED}*"):
                left_over.unlink(missing_ok=True)
            with tempfile.NamedTemporaryFile(
                dir=self._folder, prefix=_UNFINISHED, delete=False
            ) as file:
                try:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                    Path(file.name).replace(self._path(known))
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
            descriptor = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            message = f"{self._folder} can't be written: {error.strerror}"
            raise BundleCacheError(message) from error


def _pack(files: Mapping[str, bytes], source: Path) -> bytes:
    """Return `files` as one archive that names its source."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = str(source).encode("utf-8", "surrogateescape")
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _MEMBER_DATE)
            archive.writestr(member, files[name], zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _damaged(known: KnownRevision) -> BundleCacheError:
    """Return the error of a revision that can't be read back."""
    message = f"the kept policy files of epoch {known.revision.epoch} are missing or damaged"
    return BundleCacheError(message)
