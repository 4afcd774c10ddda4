"""`comity serve`, and the hidden command of the decision workers that it starts."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import typer

from comity.cli.failure import CommandError
from comity.cli.setting_flags import PRECEDENCE, Flags, settings_from, with_setting_flags

if TYPE_CHECKING:
    from comity.app.preparation import PolicyCompiler

_EPILOG = (
    f"{PRECEDENCE} SIGTERM and SIGINT drain; a second one ends calls under way. Exit codes: "
    "0 stopped, 1 a defect, 10 to 20 can't start (docs/operating.md)."
)


def register(app: typer.Typer) -> None:
    """Add `comity serve` and `comity worker`."""
    app.command("serve", epilog=_EPILOG)(with_setting_flags(serve_policies))
    app.command("worker", hidden=True)(answer_calls)


def serve_policies(flags: Flags) -> None:
    """Serve decisions over gRPC from the policy files, which may be edited at any time.

    Raises:
        CommandError: the server can't start, with the exit code of the reason.
    """
    settings = settings_from(flags)

    from comity.policy.yaml_nodes import paused_collector

    with paused_collector():  # modules stay
        from comity.app.startup import StartupError
        from comity.logs import configure_logging
        from comity.supervisor import Equipment, serve

    configure_logging(settings.log_level, "supervisor")
    equipment = Equipment(
        compiler=_compiler(),
        worker_command=(sys.executable, "-m", "comity", "worker"),
        exporter_command=(sys.executable, "-m", "comity", "journal", "export", "--until-eof"),
        # Into a file or pipe too, the banner is to appear now and not when the server ends.
        show=partial(print, flush=True),
    )
    try:
        serve(settings, equipment)
    except StartupError as error:
        message, *details = str(error).splitlines()
        raise CommandError(error.exit_code, message, details) from error


def answer_calls(number: int, descriptor: int) -> None:
    """Answer calls as worker `number`, told over a socket; started by `comity serve` only."""
    settings = settings_from({})

    from comity.policy.yaml_nodes import paused_collector

    with paused_collector():  # modules stay
        from comity.adapters.worker_link import WorkerLink
        from comity.server import run_worker

    raise typer.Exit(run_worker(settings, number, WorkerLink(descriptor), _compiler()))


def _compiler() -> PolicyCompiler:
    """Return what makes policies out of files."""
    from comity.app.preparation import PolicyCompiler
    from comity.logs import report_defect
    from comity.policy.compiling.compilation import compile_policies
    from comity.policy.engine import Engine

    return PolicyCompiler(compile_policies, Engine, report_defect)
