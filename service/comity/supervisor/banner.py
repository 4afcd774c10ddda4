"""What a newcomer reads first."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from comity.settings import Address, Settings
from comity.supervisor.publishing import Publication

_DEFAULT_PORT = 50051
_BY_ITSELF = "default"

_SOLDIER_ABROAD = "check --works-for UA:military --presence PL --phone-country US"

QUESTIONS = (
    f"{_SOLDIER_ABROAD} --device official --action message_send",
    f"{_SOLDIER_ABROAD} --device personal --action message_send",
    "check --presence KE --action message_send --as-of 2024-11-05T08:00:00+03:00 --json",
)


def banner(publication: Publication, settings: Settings, traces: str) -> str:
    """Return what `comity serve` prints once it serves.

    Args:
        publication: the policies in force.
        settings: the settings in force, with the ports that the system chose.
        traces: where traces go, a clause.
    """
    listen = settings.listen
    revision = publication.known.revision
    in_force = f"revision {revision.epoch} ({revision.digest[:12]})"
    count = f"{publication.jurisdiction_count} jurisdictions and bodies"
    http = f"http://{settings.metrics_listen}"
    lines = [
        f"Comity serves decisions on {listen}",
        f"  policies  {settings.policies}: {in_force}, {count}, {publication.rule_count} rules",
        *_remarks(publication),
        f"  traces    {traces}",
        f"  control   {settings.control_listen} (health, Watch), {http}/metrics and /status",
        "",
        "Ask it, in another terminal:",
        *(f"  {_server_named(listen)}{_command()} {question}" for question in QUESTIONS),
        "",
        "See what it recorded:",
        f"  {_command()} traces{_directory_named(settings)}",
        "",
    ]
    return "\n".join(lines)


def _remarks(publication: Publication) -> list[str]:
    """Return the lines on what is not as it should be."""
    lines = []
    if publication.refused_edit is not None:
        lines.append(
            "            THE FILES AS THEY ARE CAN'T BE USED; serving what was in force before. "
            f"Problems: {publication.refused_edit.problem_count}, see the log"
        )
    if publication.warnings:
        lines.append(f"            warnings: {len(publication.warnings)}, see the log")
    return lines


def _command() -> str:
    """Return how the command line is called from where the server was started."""
    beside = Path(sys.executable).parent / "comity"
    on_path = shutil.which("comity")
    if on_path and Path(on_path).resolve() == beside.resolve():
        return "comity"
    relative = os.path.relpath(beside)
    return shlex.quote(relative if len(relative) < len(str(beside)) else str(beside))


def _server_named(listen: Address) -> str:
    """Return what names the server to the command line; nothing if it looks there by itself."""
    if listen == Address("localhost", _DEFAULT_PORT):
        return ""
    return f"COMITY_SERVER={shlex.quote(str(listen))} "


def _directory_named(settings: Settings) -> str:
    """Return what names the data directory; nothing if the command line looks there by itself."""
    if settings.origins.get("data_dir", _BY_ITSELF) == _BY_ITSELF:
        return ""
    return f" --data-dir {shlex.quote(str(settings.data_dir))}"
