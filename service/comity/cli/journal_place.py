"""Which journal a command is about, and what to say if it can't be used."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from comity.cli.failure import CommandError, Exit
from comity.cli.setting_flags import settings_from

Directory = Annotated[
    Path | None,
    typer.Argument(
        metavar="[DIR]",
        help="Directory of the journal; by default `journal` in the data directory.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def journal_place(directory: Path | None) -> Path:
    """Return where the journal is."""
    from comity.journal.places import journal_in

    return directory or journal_in(settings_from({}).data_dir)


@contextmanager
def usable_journal() -> Iterator[None]:
    """Turn what keeps a journal from being used into an error for people.

    Raises:
        CommandError: the journal can't be used.
    """
    from comity.journal import JournalError

    try:
        yield
    except KeyboardInterrupt:
        return
    except BrokenPipeError:  # whoever reads has seen enough; the interpreter flushes once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except JournalError as error:
        raise CommandError(Exit.FAILED, str(error)) from error
    except OSError as error:
        message = f"the journal can't be used: {error.strerror}"
        raise CommandError(Exit.FAILED, message) from error
