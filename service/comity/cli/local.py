"""A server in this process, for commands that are to answer without one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from comity.adapters.policy_directory import PolicyDirectory, PolicyDirectoryError
from comity.app.active_policy import ActivePolicy, KnownRevision, PolicyHolder
from comity.app.preparation import PolicyCompiler
from comity.app.startup import StartupError
from comity.cli.failure import CommandError, Exit
from comity.cli.setting_flags import settings_from
from comity.domain.request import Revision
from comity.logs import report_defect
from comity.policy.compiling.compilation import compile_policies
from comity.policy.engine import Engine
from comity.server.composition import compose
from comity.telemetry import open_telemetry

_MOST_PROBLEMS_TOLD: Final = 50
_LAST_SPANS_SECONDS: Final = 2.0


class _NoHistory:
    """A `RevisionHistory` of policy files that were never in force."""

    def known_at(self, instant: datetime) -> None:
        """Know of no earlier revision."""

    def files_of(self, known: KnownRevision) -> Mapping[str, bytes]:
        """Never asked, since nothing is known."""
        raise NotImplementedError(known)


@contextmanager
def serving_here(policies: Path) -> Iterator[str]:
    """Answer from the files in `policies` on a free port of this machine; yield its address.

    The calls go through the same code as a server's, and are traced like its own.

    Raises:
        CommandError: the policies, or something that the settings name, can't be used.
    """
    settings = settings_from({"listen": "localhost:0", "policies": policies})
    holder = PolicyHolder(_NoHistory(), _refuse_old)
    holder.publish(_compile(policies))
    try:
        telemetry = open_telemetry(settings, "local")
        server = compose(settings, holder, telemetry).server
    except StartupError as error:
        message, *details = str(error).splitlines()
        raise CommandError(error.exit_code, message, details) from error
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        yield f"localhost:{port}"
    finally:
        server.stop(grace=None).wait()
        telemetry.close(_LAST_SPANS_SECONDS)


def _compile(policies: Path) -> ActivePolicy:
    """Return the policies in a directory, ready to answer.

    Raises:
        CommandError: they can't be read or have errors.
    """
    reading = PolicyDirectory(policies, settle_seconds=0.0).read()
    if isinstance(reading, PolicyDirectoryError):
        raise CommandError(Exit.FAILED, str(reading))
    compiler = PolicyCompiler(compile_policies, Engine, report_defect)
    now = datetime.now(UTC)
    prepared = compiler.prepare(reading.files, now.date())
    if prepared.bundle is None or prepared.engine is None:
        lines = [
            f"{os.path.join(policies, problem.file)}:{problem.line}:{problem.column} "  # noqa: PTH118
            f"{problem.code} {problem.message}"
            for problem in prepared.problems[:_MOST_PROBLEMS_TOLD]
        ]
        raise CommandError(Exit.FAILED, "the policies have errors:", lines)
    revision = Revision(1, prepared.bundle.digest)
    return ActivePolicy(revision, prepared.bundle, prepared.engine, now)


def _refuse_old(known: KnownRevision, files: Mapping[str, bytes]) -> ActivePolicy:
    """Never called, since no old revision is known."""
    raise NotImplementedError((known, files))
