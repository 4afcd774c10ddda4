"""`comity keys`: keys to which sensitive facts are sealed, and keys of pseudonyms."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from comity.cli.failure import CommandError, Exit
from comity.cli.setting_flags import settings_from

if TYPE_CHECKING:
    from comity.settings import Settings
    from comity.telemetry.pseudonyms import Epoch

PrivateFile = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="Where the private key goes; the public one to FILE.pub."),
]
EpochDay = Annotated[
    str, typer.Argument(metavar="EPOCH", help="Day on which the period begins, as `list` shows it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DataDir = Annotated[
    str | None, typer.Option("--data-dir", metavar="PATH", help="Data directory of the server.")
]


def register(app: typer.Typer) -> None:
    """Add `comity keys`."""
    keys = typer.Typer(
        help="Keys to which sensitive facts are sealed, and keys of pseudonyms.",
        no_args_is_help=True,
    )
    keys.command("new")(make_keys)
    keys.command("list")(list_epochs)
    keys.command("destroy")(destroy_key)
    app.add_typer(keys, name="keys")


def make_keys(private: PrivateFile) -> None:
    """Make an X25519 key pair: servers get the public key, the legal department keeps the private.

    Neither file is ever overwritten. The private key is readable for its owner only.
    """
    from comity.telemetry.sealed_facts import new_keys

    private_pem, public_pem, name = new_keys()
    public = private.with_name(f"{private.name}.pub")
    _write(public, public_pem, 0o644)
    try:
        _write(private, private_pem, 0o600)
    except CommandError:
        public.unlink()
        raise
    print(f"key {name}")
    print(f"  {private}  private: keep it off the servers; comity explain --key")
    print(f"  {public}  public: COMITY_SEAL_PUBLIC_KEY")


def list_epochs(*, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the periods whose keys of pseudonyms are kept, earliest first."""
    settings = settings_from({"data_dir": data_dir})
    for epoch in _epochs(settings):
        begins, ends = epoch.begins.isoformat(), _end(epoch, settings).date().isoformat()
        name = epoch.pseudonyms.key_id
        if as_json:
            print(json.dumps({"epoch": begins, "used_until": ends, "key": name}))
        else:
            print(f"{begins}  used until {ends}  key {name}")


def destroy_key(day: EpochDay, *, data_dir: DataDir = None) -> None:
    """Destroy the key of pseudonyms of a period that is over: its accounts can't be found again.

    Copies of the data directory, such as backups, have the key still.
    """
    from comity.telemetry.pseudonyms import destroy_epoch

    settings = settings_from({"data_dir": data_dir})
    found = {epoch.begins.isoformat(): epoch for epoch in _epochs(settings)}
    epoch = found.get(day)
    if epoch is None:
        known = [f"there are: {', '.join(found)}"] if found else []
        raise CommandError(Exit.MISUSED, "there is no key of a period that begins then", known)
    end = _end(epoch, settings)
    if datetime.now(UTC) < end:
        message = f"this key is in use until {end.date().isoformat()}"
        raise CommandError(Exit.FAILED, message, ["COMITY_PSEUDONYM_ROTATE_DAYS shortens that"])
    try:
        destroy_epoch(settings.data_dir, date.fromisoformat(day))
    except OSError as error:
        message = f"the key can't be destroyed: {error.strerror}"
        raise CommandError(Exit.FAILED, message) from error
    print(f"destroyed {day}: key {epoch.pseudonyms.key_id}")


def _epochs(settings: Settings) -> tuple[Epoch, ...]:
    """Return the periods whose keys are kept.

    Raises:
        CommandError: a key can't be read.
    """
    from comity.app.startup import StartupError
    from comity.telemetry.pseudonyms import epochs_in

    try:
        return epochs_in(settings.data_dir)
    except StartupError as error:
        raise CommandError(error.exit_code, str(error)) from error


def _end(epoch: Epoch, settings: Settings) -> datetime:
    """Return the instant from which a key is not used any more."""
    return epoch.ends(settings.pseudonym_rotate_days)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a new file.

    Raises:
        CommandError: there is one, or it can't be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        message = f"{path} can't be written: {error.strerror}"
        raise CommandError(Exit.FAILED, message) from error
