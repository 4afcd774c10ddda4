"""How commands on policy files read and compile them, and the arguments that they share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from comity.cli import asking
from comity.cli.failure import CommandError, Exit

if TYPE_CHECKING:
    from comity.policy.bundle import Bundle
    from comity.policy.compiling.compilation import Compilation
    from comity.policy.file_content import FileContent

DAY_FORMAT: Final = "%Y-%m-%d"
POLICIES: Final = Path("policies")
_DIRECTORY_HELP: Final = "Directory of the policy files."
_VARIABLE: Final = "COMITY_POLICIES"

Directory = Annotated[Path, typer.Argument(metavar="[DIR]", envvar=_VARIABLE, help=_DIRECTORY_HELP)]
DirectoryOption = Annotated[
    Path, typer.Option("--policies", metavar="DIR", envvar=_VARIABLE, help=_DIRECTORY_HELP)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Today = Annotated[
    datetime | None,
    typer.Option(
        formats=[DAY_FORMAT],
        help="Day by which reviews are due and waivers expire; by default the current day.",
    ),
]
At = Annotated[
    str | None,
    typer.Option(metavar="INSTANT", help="Day, or instant with its offset; by default now."),
]


def read_files(directory: Path) -> Mapping[str, FileContent]:
    """Return the policy files in `directory`.

    Raises:
        CommandError: there are none, or too many.
    """
    from comity.adapters.policy_directory import PolicyDirectory, PolicyDirectoryError

    reading = PolicyDirectory(directory, settle_seconds=0).read()
    if isinstance(reading, PolicyDirectoryError):
        advice = f"name the directory of the policy files, or set {_VARIABLE}"
        raise CommandError(Exit.MISUSED, str(reading), [advice]) from reading
    return reading.files


def compile_files(files: Mapping[str, FileContent], today: datetime | None) -> Compilation:
    """Return the policies as of `today`, by default the current day."""
    from comity.policy.compiling.compilation import compile_policies

    return compile_policies(files, day_of(today))


def day_of(today: datetime | None) -> date:
    """Return the day given, by default the current one."""
    return (today or datetime.now(UTC)).date()


def bundle_of(compilation: Compilation) -> Bundle:
    """Return the compiled policies.

    Raises:
        CommandError: a policy file has an error; all are listed.
    """
    from comity.policy.problems import Level

    if compilation.bundle is None:
        errors = [str(p) for p in compilation.problems if p.level is Level.ERROR]
        raise CommandError(Exit.FAILED, "the policy files have errors:", errors)
    return compilation.bundle


def instant_of(text: str | None) -> datetime:
    """Return the instant that `text` writes, as everywhere on the command line; now without one.

    Raises:
        CommandError: it writes none.
    """
    return asking.instant_of("--at", text) or datetime.now(UTC).replace(microsecond=0)


def write_text(path: Path, text: str) -> None:
    """Write `text` to the file at `path`.

    Raises:
        CommandError: it can't be written.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to the file at `path`.

    Raises:
        CommandError: it can't be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        reason = error.strerror or os.strerror(error.errno or 0)
        raise CommandError(Exit.FAILED, f"{path} can't be written: {reason}") from error
