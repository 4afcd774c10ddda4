"""`comity keys`: the keys to which sensitive facts are sealed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from comity.cli.failure import CommandError, Exit

PrivateFile = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="Where the private key goes; the public one to FILE.pub."),
]


def register(app: typer.Typer) -> None:
    """Add `comity keys`."""
    keys = typer.Typer(
        help="Keys to which sensitive facts of decisions are sealed.", no_args_is_help=True
    )
    keys.callback()(_group)
    keys.command("new")(make_keys)
    app.add_typer(keys, name="keys")


def _group() -> None:
    """Keep `new` a command of its own, though it is the only one."""


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
