"""Command line interface: `comity`.

Modules of commands import little when they are imported, so that `comity --help` is fast: whatever
is heavy is imported by the command that needs it.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from comity.cli import (
    check,
    configuration,
    explain,
    journal,
    keys,
    policies,
    route,
    serving,
    traces,
    version,
)
from comity.cli.failure import CommandError, Exit

_COMMANDS = (
    check,
    route,
    policies,
    traces,
    explain,
    journal,
    keys,
    serving,
    configuration,
    version,
)

_EPILOG = (
    "Exit codes: 0 done, whatever the answer; 1 failed; 2 wrong use or an invalid question; "
    "3 no server, or no answer in time; 4 the server refused the call; 10 to 20 serve could not "
    "start; with check --exit-code 31 warn, 32 verify, 33 restrict, 34 deny."
)


def build_app() -> typer.Typer:
    """Return the application with every command."""
    app = typer.Typer(
        name="comity",
        help="Jurisdictional access control for a messaging platform: cited, traced answers.",
        epilog=_EPILOG,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )

    @app.callback()
    def root(
        *,
        show_version: Annotated[
            bool,
            typer.Option(
                "--version",
                help="Print the version and exit.",
                is_eager=True,
                callback=_print_version,
            ),
        ] = False,
    ) -> None:
        pass

    for command in _COMMANDS:
        command.register(app)
    return app


def _print_version(*, asked: bool) -> None:
    """Print the version and end, if it was asked for."""
    if asked:
        print(f"comity {version.comity_version()}")
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that `arguments` name, by default those of the process; never returns.

    Errors go to standard error, one line and its details, without a traceback.
    """
    # What gRPC's core says of connections that come and go is nothing for people.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    # Memory goes with the process: to look through it for cycles at the end takes 0.1 seconds.
    atexit.register(gc.freeze)
    try:
        build_app()(
            args=None if arguments is None else list(arguments),
            prog_name="comity",
        )
    except CommandError as error:
        print(f"comity: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - a traceback tells a user nothing
        # Its text is left out: texts of exceptions quote what they stumbled over.
        *_, frame = traceback.extract_tb(error.__traceback__)
        where = f"{frame.filename}:{frame.lineno}"
        print(f"comity: internal error: {type(error).__name__} at {where}", file=sys.stderr)
        sys.exit(Exit.FAILED)
