"""Policy files as a revision of a git repository has them, read without a checkout."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from comity.domain.errors import ComityError

_SUFFIXES: Final = (".yaml", ".yml")
_TIMEOUT_SECONDS: Final = 60
_LINKS: Final = "120000"


class GitPoliciesError(ComityError):
    """The policy files of a revision can't be read; the message says why."""


def read_revision(directory: Path, revision: str) -> Mapping[str, bytes]:
    """Return the policy files that `directory`, in a git repository, has at `revision`.

    Names are relative to the directory. Hidden files and those that editors leave are passed over,
    as in a directory.

    Raises:
        GitPoliciesError: it is no repository, has no such revision, or no files there.
    """
    if revision.startswith("-"):
        message = f"'{revision}' is no revision"
        raise GitPoliciesError(message)
    prefix = _git(directory, "rev-parse", "--show-prefix").decode().strip()
    commit = _git(directory, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", "--")
    listing = _git(
        directory, "ls-tree", "-r", "-z", "--full-tree", commit.decode().split()[0], prefix
    )
    blobs: dict[str, str] = {}
    for entry in listing.split(b"\0"):
        head, _, path = entry.partition(b"\t")
        name = path.decode("utf-8", "surrogateescape").removeprefix(prefix)
        if name.lower().endswith(_SUFFIXES) and _is_plain(name):
            mode, _, blob = head.decode().split()
            if mode == _LINKS:
                message = f"{name} is a link in {revision}, which is not followed there"
                raise GitPoliciesError(message)
            blobs[name] = blob
    if not blobs:
        message = f"there are no policy files in {directory} at {revision}"
        raise GitPoliciesError(message)
    return _contents(directory, blobs)


def _is_plain(name: str) -> bool:
    """Return whether no part of a name is hidden or left by an editor."""
    return not any(part.startswith((".", "#")) or part.endswith("~") for part in name.split("/"))


def _contents(directory: Path, blobs: Mapping[str, str]) -> Mapping[str, bytes]:
    """Return the contents of blobs by name, all read by one process."""
    asked = "".join(f"{blob}\n" for blob in blobs.values()).encode()
    told = _git(directory, "cat-file", "--batch", given=asked)
    files = {}
    at = 0
    for name in blobs:
        line_end = told.index(b"\n", at)
        size = int(told[at:line_end].split()[-1])
        files[name] = told[line_end + 1 : line_end + 1 + size]
        at = line_end + size + 2
    return {name: files[name] for name in sorted(files)}


def _git(directory: Path, *arguments: str, given: bytes = b"") -> bytes:
    """Return what git prints.

    Raises:
        GitPoliciesError: it fails, or there is no git.
    """
    command: Sequence[str] = ("git", "-C", str(directory), *arguments)
    try:
        done = subprocess.run(  # noqa: S603 - no shell; a revision can't begin with a dash
            command, input=given, capture_output=True, check=False, timeout=_TIMEOUT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"git can't be run: {error}"
        raise GitPoliciesError(message) from error
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        message = why or f"git has no revision '{arguments[-2].removesuffix('^{commit}')}'"
        raise GitPoliciesError(message)
    return done.stdout
