"""`comity explain`: one recorded decision, made once more, and why it came out so."""

from __future__ import annotations

import os
import re
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from comity.cli.asking import SERVER_FLAGS, asking
from comity.cli.failure import CommandError, Exit
from comity.cli.flags import Flag, Given, with_flags
from comity.cli.setting_flags import settings_from

if TYPE_CHECKING:
    from comity.app.active_policy import ActivePolicy
    from comity.cli.explain_texts import Told
    from comity.settings import Settings
    from comity.telemetry.recollection import Recollection

MOST_CLOSE_TOLD: Final = 50
_IDENTITY: Final = re.compile(r"([0-9a-f]{32})-([0-9a-f]{16})")

_OF_THE_SERVER: Final = frozenset({"local", "policies", "server"})
_OF_THE_JOURNAL: Final = ("key", "data_dir", "policies", "archive")
_JOURNAL: Final = "Journal"

_IDENTIFIER: Final = Parameter(
    "decision_id",
    Parameter.POSITIONAL_ONLY,
    annotation=Annotated[
        str,
        typer.Argument(
            metavar="DECISION_ID",
            help="`decision_id` of a reply: TRACE_ID-SPAN_ID.",
            show_default=False,
        ),
    ],
)
_FLAGS: Final = (
    Flag("close", "Show so many rules that came close, at most.", "N", 10, takes=int),
    Flag("json", "Print JSON."),
    Flag(
        "key",
        "Private key that opens sealed facts; that it did is recorded.",
        "FILE",
        panel=_JOURNAL,
        takes=Path,
    ),
    Flag("data_dir", "Data directory of the server.", "PATH", panel=_JOURNAL),
    Flag(
        "policies", "Policy directory, asked if the revision was not kept.", "PATH", panel=_JOURNAL
    ),
    Flag("archive", "Archive, asked for what the journal no longer has.", "TARGET", panel=_JOURNAL),
    Flag("server", "Ask this server, instead of the journal here.", "HOST:PORT", panel="Server"),
    *(flag for flag in SERVER_FLAGS if flag.name not in _OF_THE_SERVER),
)


def register(app: typer.Typer) -> None:
    """Add `comity explain`."""
    app.command("explain")(with_flags(explain_decision, *_FLAGS, before=(_IDENTIFIER,)))


def explain_decision(given: Given) -> None:
    """Find a decision in the journal of this machine, make it once more, and say why it is so.

    With --server, a server does. Exit 1 if the answer is not the one that was recorded.
    """
    identity = given["decision_id"].lower()
    if _IDENTITY.fullmatch(identity) is None:
        message = "a decision is TRACE_ID-SPAN_ID, 32 and 16 hexadecimal digits"
        raise CommandError(Exit.MISUSED, message)
    if given["close"] < 0:
        raise CommandError(Exit.MISUSED, "--close: must be 0 or more")
    agrees = _by_server(identity, given) if given["server"] else _by_journal(identity, given)
    if not agrees:
        raise typer.Exit(Exit.FAILED)


def _by_journal(identity: str, given: Given) -> bool:
    """Print what the journal here tells; return whether nothing differs.

    Raises:
        CommandError: there is nothing to tell.
    """
    from comity.cli.explain_texts import told_json, told_lines

    chosen: dict[str, object] = {name: given[name] for name in ("data_dir", "policies", "archive")}
    told = _explain(identity, settings_from(chosen), given["key"], given["close"])
    for line in (told_json(told),) if given["json"] else told_lines(told):
        typer.echo(line)
    return not told.differences


def _by_server(identity: str, given: Given) -> bool:
    """Print what a server tells; return whether nothing is wrong with the record.

    Raises:
        CommandError: there is no reply.
    """
    from google.protobuf import json_format

    from comity.cli.explain_replies import agrees, reply_lines

    idle = [f"--{name.replace('_', '-')}" for name in _OF_THE_JOURNAL if given[name]]
    if idle:
        raise CommandError(Exit.MISUSED, f"{', '.join(idle)}: not with --server")
    most_close = min(max(given["close"], 1), MOST_CLOSE_TOLD)
    with asking(given) as client:
        reply = client.explain(identity, most_close=most_close)
    del reply.close[given["close"] :]
    if given["json"]:
        typer.echo(json_format.MessageToJson(reply, preserving_proto_field_name=True))
    else:
        for line in reply_lines(reply):
            typer.echo(line)
    return agrees(reply)


def _explain(identity: str, settings: Settings, key: Path | None, most_close: int) -> Told:
    """Return what there is to tell of a decision.

    Raises:
        CommandError: there is no record of it, it can't be read, or it can't be made once more
            though it should.
    """
    from comity.app.explanation import DecisionExplaining
    from comity.app.ports.decision_records import NotRecomputed
    from comity.domain.errors import (
        NotFoundError,
        NotRecordedError,
        RecordsUnavailableError,
        UnreadableRecordError,
    )
    from comity.journal.places import journal_in
    from comity.telemetry.records import KeptRecords

    place = journal_in(settings.data_dir)
    records = KeptRecords(place, settings.archive)
    explaining = DecisionExplaining(records, KeptRevisions(settings), _opener(key, settings))
    try:
        told = explaining.explain(identity, most_close=most_close, reader=f"uid {os.getuid()}")
    except NotFoundError as error:
        hint = "it keeps what its budget has room for; an archive or a collector may keep more"
        message = f"the journal in {place} has no decision {identity}"
        raise CommandError(Exit.FAILED, message, [hint]) from error
    except (NotRecordedError, RecordsUnavailableError, UnreadableRecordError) as error:
        raise CommandError(Exit.FAILED, str(error)) from error
    if told.why is NotRecomputed.REVISION_GONE:
        hint = "name a policy directory that has just this content with --policies"
        raise CommandError(Exit.FAILED, told.because, [hint])
    if told.why is NotRecomputed.ALTERED or (key and told.why is NotRecomputed.SEALED):
        raise CommandError(Exit.FAILED, told.because)
    return told


def _opener(key: Path | None, settings: Settings) -> KeyFileOpener | None:
    """Return what opens sealed facts with the key in a file; None without one."""
    return None if key is None else KeyFileOpener(key, settings)


class KeyFileOpener:
    """A `SealOpener` with the private key of a file, which opens the journal only when asked."""

    def __init__(self, path: Path, settings: Settings) -> None:
        """Open with the key in `path`."""
        self._path = path
        self._settings = settings

    def open(self, recorded: Recollection, reader: str) -> str:
        """Return what was asked, after it was recorded that `reader` has it opened.

        Raises:
            NotOpenedError: the key doesn't fit, or what was sealed was altered.
            NotRecordedError: it can't be recorded that it is opened; nothing was.
            CommandError: there is no key in the file, or the journal can't be used.
        """
        from comity.app.startup import StartupError
        from comity.telemetry import open_telemetry
        from comity.telemetry.seal_opening import RecordedSealOpener
        from comity.telemetry.sealed_facts import SealError, read_private_key

        try:
            private_key = read_private_key(self._path)
            telemetry = open_telemetry(self._settings, "explain")
        except SealError as error:
            raise CommandError(Exit.FAILED, str(error)) from error
        except StartupError as error:
            raise CommandError(error.exit_code, str(error)) from error
        try:
            return RecordedSealOpener(private_key, telemetry).open(recorded, reader)
        finally:
            telemetry.close()


class KeptRevisions:
    """`Revisions` as a server here kept them, or as the policy directory has one."""

    def __init__(self, settings: Settings) -> None:
        """Look into the data directory, then into the policy directory."""
        self._settings = settings

    def with_content(self, digest: str) -> ActivePolicy | None:
        """Return the policies of this digest; if the directory has others, those.

        Raises:
            RevisionUnusableError: they are kept, and can't be read back.
            CommandError: they have errors.
        """
        from comity.adapters.bundle_cache import BundleCache
        from comity.adapters.data_directory import bundles_in
        from comity.adapters.policy_directory import PolicyDirectory, PolicyDirectoryError
        from comity.cli.local import compile_here

        cache = BundleCache(bundles_in(self._settings.data_dir))
        known = cache.with_content(digest)
        if known is not None:
            return compile_here(known, cache.files_of(known))
        reading = PolicyDirectory(self._settings.policies, settle_seconds=0.0).read()
        if isinstance(reading, PolicyDirectoryError):
            return None
        return compile_here(None, reading.files)
