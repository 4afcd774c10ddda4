"""A server in this process, for commands that are to answer without one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from comity.adapters.bundle_cache import BundleCache
from comity.adapters.data_directory import bundles_in
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
from comity.policy.file_content import FileContent
from comity.server.composition import compose
from comity.telemetry import open_telemetry

_MOST_PROBLEMS_TOLD: Final = 50


@contextmanager
def serving_here(policies: Path) -> Iterator[str]:
    """Answer from the files in `policies` on a free port of this machine; yield its address.

    The calls go through the same code as a server's, and are traced like its own.

    Raises:
        CommandError: the policies, or something that the settings name, can't be used.
    """
    settings = settings_from({"listen": "localhost:0", "policies": policies})
    reading = PolicyDirectory(policies, settle_seconds=0.0).read()
    if isinstance(reading, PolicyDirectoryError):
        raise CommandError(Exit.FAILED, str(reading))
    # What a server here kept of earlier revisions answers for `as_known`.
    holder = PolicyHolder(BundleCache(bundles_in(settings.data_dir)), compile_here)
    holder.publish(compile_here(None, reading.files))
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
        telemetry.close()


def compile_here(known: KnownRevision | None, files: Mapping[str, FileContent]) -> ActivePolicy:
    """Return policy files ready to answer: those of a known revision, or of none yet.

    Raises:
        CommandError: they have errors.
    """
    now = datetime.now(UTC)
    compiler = PolicyCompiler(compile_policies, Engine, report_defect)
    prepared = compiler.prepare(files, now.date())
    if prepared.bundle is None or prepared.engine is None:
        told = prepared.problems[:_MOST_PROBLEMS_TOLD]
        lines = [f"{p.file}:{p.line}:{p.column} {p.code} {p.message}" for p in told]
        raise CommandError(Exit.FAILED, "the policies have errors:", lines)
    if known is None:
        known = KnownRevision(Revision(1, prepared.bundle.digest), now)
    return ActivePolicy(known.revision, prepared.bundle, prepared.engine, known.in_force_since)
