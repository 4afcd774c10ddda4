"""Policy files of a directory: read as one consistent set, whatever is being done to them."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final

from comity.domain.errors import ComityError
from comity.policy.documents.files import FOLDERS
from comity.policy.file_content import FileContent, Unreadable

MOST_FILE_BYTES: Final = 1 << 20
MOST_TOTAL_BYTES: Final = 64 << 20
MOST_FILES: Final = 5_000
DEEPEST_FOLDER: Final = 3
SETTLE_SECONDS: Final = 0.1
MOST_SETTLINGS: Final = 50

_SUFFIXES: Final = (".yaml", ".yml")
# Opening a named pipe would wait for its writer.
_KINDS: Final[Mapping[int, str]] = {
    stat.S_IFDIR: "it is a directory",
    stat.S_IFIFO: "it is a named pipe",
    stat.S_IFSOCK: "it is a socket",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
}


class Fault(Enum):
    """Why a directory gives no policy files; the value is a stable code."""

    MISSING = "directory-missing"
    EMPTY = "directory-empty"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too-large"


class PolicyDirectoryError(ComityError):
    """The directory gives no usable set of files; the message says why."""

    def __init__(self, fault: Fault, file: str, message: str) -> None:
        """Keep the fault and the file it is about, relative to the directory; empty for none."""
        super().__init__(message)
        self.fault = fault
        self.file = file

    @property
    def fingerprint(self) -> str:
        """What tells this error from other readings."""
        return f"{self.fault.value} {self}"


@dataclass(frozen=True, slots=True)
class FileSet:
    """Policy files as they stood together at one moment.

    Attributes:
        files: content by path relative to the directory, with `/`, sorted. A file over 1 MiB is
            cut one byte after that, so that whoever checks sizes sees it. What can't be read,
            a folder included, stands among them with the reason.
        digest: SHA-256 over paths and contents, 64 hexadecimal digits.
    """

    files: Mapping[str, FileContent] = field(repr=False)
    digest: str

    @property
    def fingerprint(self) -> str:
        """What tells this set from other readings."""
        return self.digest


Reading = FileSet | PolicyDirectoryError


class PolicyDirectory:
    """A directory of policy files.

    Names that begin with a dot or `#`, or end in `~`, are passed over: editors, Kubernetes and
    version control keep things under them. Links are followed, which is how Kubernetes mounts
    files; what they lead to is read again until it has stopped changing.
    """

    def __init__(self, path: Path, settle_seconds: float = SETTLE_SECONDS) -> None:
        """Read from `path`; two readings `settle_seconds` apart must agree."""
        self.path = path
        self._settle_seconds = settle_seconds

    def read(self) -> Reading:
        """Return the files, unchanged over the settling time, or as they are after 50 times that.

        Without a directory that can be listed, without any file, or with too much, it is the error
        that says so.
        """
        deadline = time.monotonic() + MOST_SETTLINGS * self._settle_seconds
        before = self._attempt()
        while True:
            time.sleep(self._settle_seconds)
            found = self._attempt()
            if before.fingerprint == found.fingerprint or time.monotonic() > deadline:
                return found
            before = found

    def fingerprint(self) -> str:
        """Return what changes whenever `read` would give another result, without settling."""
        return self._attempt().fingerprint

    def _attempt(self) -> Reading:
        """Return the files of this moment, or why there are none."""
        try:
            return self._read_once()
        except PolicyDirectoryError as error:
            return error
        except OSError as error:  # a folder above is closed to us
            reason = _reason_of(self.path, error)
            message = f"the policy directory {self.path} can't be read: {reason}"
            return PolicyDirectoryError(Fault.UNREADABLE, "", message)

    def _read_once(self) -> FileSet:
        """Return the files of this moment.

        Raises:
            PolicyDirectoryError: as `read`.
            OSError: the policy directory can't be looked at.
        """
        if not self.path.is_dir():
            message = f"the policy directory {self.path} does not exist or is no directory"
            raise PolicyDirectoryError(Fault.MISSING, "", message)
        files: dict[str, FileContent] = {}
        total = 0
        for name, content in self._list(self.path, "", 0):
            files[name] = content
            total += len(content) if isinstance(content, bytes) else 0
            if total > MOST_TOTAL_BYTES or len(files) > MOST_FILES:
                message = (
                    f"the policy directory {self.path} holds more than {MOST_FILES} files "
                    f"or {MOST_TOTAL_BYTES >> 20} MiB"
                )
                raise PolicyDirectoryError(Fault.TOO_LARGE, "", message)
        if not files:
            message = f"the policy directory {self.path} holds no .yaml file"
            raise PolicyDirectoryError(Fault.EMPTY, "", message)
        ordered = {name: files[name] for name in sorted(files)}
        return FileSet(ordered, _digest(ordered))

    def _list(self, folder: Path, prefix: str, depth: int) -> Iterator[tuple[str, FileContent]]:
        """Yield the policy files in `folder` by name, with what they hold.

        Raises:
            OSError: the policy directory can't be listed.
        """
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if not prefix:
                raise
            yield prefix.rstrip("/"), Unreadable(_reason_of(folder, error))
            return
        for entry in entries:
            if entry.name.startswith((".", "#")) or entry.name.endswith("~"):
                continue
            name = prefix + entry.name
            if not name.isprintable():
                yield ascii(name), Unreadable("its name has characters that can't be printed")
            elif entry.name.lower().endswith(_SUFFIXES):
                yield name, _read_file(Path(entry.path))
            else:
                yield from self._list_within(Path(entry.path), name, depth)

    def _list_within(self, path: Path, name: str, depth: int) -> Iterator[tuple[str, FileContent]]:
        """Yield the policy files in `path` if it is a folder; why not, if one is called so."""
        try:
            is_folder, reason = stat.S_ISDIR(path.stat().st_mode), "it is no directory"
        except OSError as error:
            is_folder, reason = False, _reason_of(path, error)
        if is_folder and depth < DEEPEST_FOLDER:
            yield from self._list(path, f"{name}/", depth + 1)
        elif not is_folder and name in FOLDERS:
            yield name, Unreadable(reason)


def _read_file(path: Path) -> FileContent:
    """Return the content of a file, at most one byte over the limit, or why it can't be read."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            return Unreadable(_KINDS.get(stat.S_IFMT(mode), "it is no regular file"))
        with path.open("rb") as file:
            return file.read(MOST_FILE_BYTES + 1)
    except OSError as error:
        return Unreadable(_reason_of(path, error))


def _reason_of(path: Path, error: OSError) -> str:
    """Return why the file or folder at `path` can't be read."""
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return "it is a link that leads nowhere"
    return error.strerror or "for a reason that the system does not tell"


def _digest(files: Mapping[str, FileContent]) -> str:
    """Return the digest of `files`, which are sorted."""
    digest = hashlib.sha256()
    for name, content in files.items():
        encoded = name.encode()
        # A file may hold the same as the reason for which another can't be read.
        kind, held = (
            (b"", content) if isinstance(content, bytes) else (b"-", content.reason.encode())
        )
        digest.update(b"%d:%s%b%d:" % (len(encoded), encoded, kind, len(held)))
        digest.update(held)
    return digest.hexdigest()
