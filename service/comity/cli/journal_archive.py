"""`comity journal archive` and `comity journal query`: the journal as Parquet, and asked in SQL."""

from __future__ import annotations

import os
from typing import Annotated, Final

import typer

from comity.cli.failure import CommandError, Exit
from comity.cli.journal_place import AsJson, Directory, journal_place, usable_journal
from comity.cli.setting_flags import settings_from

_INSTALL: Final = "pip install 'comity[archive]'"

Target = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="TARGET",
        help="Directory of the archive, or a URI such as s3://bucket/archive.",
        show_default=False,
    ),
]
Keep = Annotated[bool, typer.Option("--keep", help="Leave archived segments in the journal.")]
Unexported = Annotated[
    bool,
    typer.Option(
        "--unexported", help="Archive segments too that a configured collector does not have yet."
    ),
]
Query = Annotated[
    str, typer.Argument(metavar="SQL", help="One SELECT about `decisions` or `spans`.")
]
Source = Annotated[
    str,
    typer.Option("--archive", metavar="TARGET", help="Ask this archive too.", show_default=False),
]
OnlyArchive = Annotated[
    bool, typer.Option("--only-archive", help="Ask the archive, and not the journal.")
]


def register(journal: typer.Typer) -> None:
    """Add the commands to `comity journal`."""
    journal.command("archive")(archive_segments)
    journal.command("query")(query_decisions)


def archive_segments(
    directory: Directory = None,
    *,
    target: Target,
    keep: Keep = False,
    unexported: Unexported = False,
    as_json: AsJson = False,
) -> None:
    """Turn segments that are sealed into Parquet files by the hour, and remove them.

    With a collector configured, those that were exported; a segment goes once its spans were read
    back from the archive and are the very same.
    """
    _require_extra()
    from comity.cli.archive_texts import archived_json, archived_lines
    from comity.journal.archiving import ArchiveOptions, ArchivePlace, Archiver

    place = journal_place(directory)
    options = ArchiveOptions(exported_only=not unexported and _has_collector(), keep=keep)
    with usable_journal():
        archived = Archiver(place, ArchivePlace(target), options).run()
        for line in (archived_json(archived),) if as_json else archived_lines(archived):
            print(line)


def query_decisions(
    sql: Query,
    directory: Directory = None,
    *,
    archive: Source = "",
    only_archive: OnlyArchive = False,
    as_json: AsJson = False,
) -> None:
    """Answer a question in SQL about what the journal holds, and the archive if one is named."""
    _require_extra()
    from comity.cli.archive_texts import json_rows, table_lines
    from comity.journal.archiving import ArchivePlace
    from comity.journal.archiving.querying import QueryError, answering

    if only_archive and not archive:
        message = "--only-archive needs --archive"
        raise CommandError(Exit.MISUSED, message)
    place = None if only_archive else journal_place(directory)
    with usable_journal():
        try:
            with answering(place, ArchivePlace(archive) if archive else None, sql) as answer:
                for line in json_rows(answer) if as_json else table_lines(answer):
                    typer.echo(line)
        except QueryError as error:
            first, *others = str(error).splitlines()
            raise CommandError(Exit.MISUSED, first, [line for line in others if line]) from error


def _has_collector() -> bool:
    """Return whether a collector is configured, which gets every segment first.

    Raises:
        CommandError: a variable of OpenTelemetry can't be used.
    """
    from comity.app.startup import StartupError
    from comity.telemetry import Place, find_destination

    try:
        found = find_destination(os.environ, settings_from({}).data_dir)
    except StartupError as error:
        raise CommandError(error.exit_code, str(error)) from error
    return found.place is Place.COLLECTOR


def _require_extra() -> None:
    """Return if what the archive needs is installed.

    Raises:
        CommandError: it is not.
    """
    try:
        import duckdb  # noqa: F401
        import pyarrow  # noqa: F401, ICN001
    except ImportError as error:
        message = f"this command needs pyarrow and duckdb: {_INSTALL}"
        raise CommandError(Exit.FAILED, message) from error
