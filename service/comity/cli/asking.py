"""Flags of commands that ask a server, and the client that they give."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from comity.cli.failure import CommandError, Exit
from comity.cli.flags import Flag, Given

if TYPE_CHECKING:
    from comity.client import ClientError, ComityClient, FieldViolation, Options, Tls

DEFAULT_SERVER: Final = "localhost:50051"
LOCAL: Final = "--local"

NO_FLAGS: Final[Mapping[str, str]] = {}
_SERVER = "Server"
_ANSWER = "Answer"

SERVER_FLAGS: Final = (
    Flag(
        "server",
        "Where decisions are served.",
        "HOST:PORT",
        DEFAULT_SERVER,
        panel=_SERVER,
        variable="COMITY_SERVER",
    ),
    Flag("local", "Answer from the policy files, without a server.", panel=_SERVER),
    Flag(
        "policies",
        "Directory of the policy files, for --local.",
        "DIRECTORY",
        "policies",
        panel=_SERVER,
        variable="COMITY_POLICIES",
        takes=Path,
    ),
    Flag("timeout", "Seconds to wait for the answer.", "SECONDS", 10.0, panel=_SERVER, takes=float),
    Flag("tls", "Encrypt, and trust gRPC's own list of authorities.", panel=_SERVER),
    Flag(
        "tls_authorities",
        "PEM file of the authorities to trust instead; encrypts.",
        "FILE",
        panel=_SERVER,
        takes=Path,
    ),
    Flag("tls_certificate", "PEM file to show; encrypts.", "FILE", panel=_SERVER, takes=Path),
    Flag("tls_key", "PEM file of its private key.", "FILE", panel=_SERVER, takes=Path),
    Flag("tls_server_name", "Name that the server's certificate bears.", "NAME", panel=_SERVER),
)

OPTION_FLAGS: Final = (
    Flag("as_of", "Another instant of today's law, such as 2024-09-20.", "INSTANT", panel=_ANSWER),
    Flag("as_known", "The law as Comity knew it at that instant.", "INSTANT", panel=_ANSWER),
    Flag("view", "How much to show: caller, user or legal.", "VIEW", "caller", panel=_ANSWER),
    Flag("language", "Language of texts for the user, such as uk.", "TAG", panel=_ANSWER),
    Flag("min_revision", "Least epoch that may answer.", "EPOCH", 0, panel=_ANSWER, takes=int),
    Flag("json", "Print the reply as JSON, as protobuf maps it.", panel=_ANSWER),
)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@contextmanager
def asking(given: Given, flags: Mapping[str, str] = NO_FLAGS) -> Iterator[ComityClient]:
    """Give a client of the server that the flags name, or of one in this process for `--local`.

    `flags` tells which flag stands behind a field of the request, where that isn't evident.

    Raises:
        CommandError: there is no answer, or no way to one.
    """
    from comity.client import ClientError, ComityClient

    with ExitStack() as stack:
        server = given["server"]
        try:
            if given.get("local"):
                from comity.cli.local import serving_here
                from comity.logs import configure_logging

                configure_logging("error", "local")
                server = stack.enter_context(serving_here(given["policies"]))
            tls = None if given.get("local") else _tls_of(given)
            yield stack.enter_context(
                ComityClient(server, tls=tls, timeout_seconds=given["timeout"], cache_entries=0)
            )
        except ClientError as error:
            raise _failure(error, server, flags, local="local" in given) from error
        except ValueError as error:  # a value that the contract has no place for
            raise CommandError(Exit.MISUSED, str(error)) from error


def options_of(given: Given, *, explain: bool = False) -> Options:
    """Return how the flags want the call to be answered.

    Raises:
        CommandError: a value is none.
    """
    from comity.client import Options, View

    views = {view.name.lower(): view for view in View}
    if given["view"] not in views:
        raise CommandError(Exit.MISUSED, f"--view: must be one of {', '.join(views)}")
    return Options(
        as_of=instant_of("--as-of", given["as_of"]),
        as_known=instant_of("--as-known", given["as_known"]),
        view=views[given["view"]],
        language=given["language"] or "",
        min_revision=given["min_revision"],
        explain_missing=explain,
    )


def instant_of(flag: str, text: str | None) -> datetime | None:
    """Return the instant that `text` names; a day is its first instant in UTC.

    Raises:
        CommandError: it names none.
    """
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text)
        if instant.tzinfo is None:
            raise ValueError  # noqa: TRY301 - as little an instant as the others
        return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"{flag}: must be a day or an instant with its offset, 2024-09-20T00:00:00+03:00"
        raise CommandError(Exit.MISUSED, message) from error


def _tls_of(given: Given) -> Tls | None:
    """Return how to encrypt; None for not at all.

    Raises:
        CommandError: a file can't be read, or half of a pair is missing.
    """
    from comity.client import Tls

    names = ("tls_authorities", "tls_certificate", "tls_key")
    if not given["tls"] and not given["tls_server_name"] and not any(given[n] for n in names):
        return None
    for name in names:
        if given[name] is not None and not given[name].is_file():
            raise CommandError(Exit.MISUSED, f"--{name.replace('_', '-')}: no file {given[name]}")
    try:
        return Tls(
            authorities=given["tls_authorities"],
            certificate=given["tls_certificate"],
            key=given["tls_key"],
            server_name=given["tls_server_name"] or "",
        )
    except ValueError as error:
        raise CommandError(Exit.MISUSED, f"--tls-certificate and --tls-key: {error}") from error


def _failure(
    error: ClientError, server: str, flags: Mapping[str, str], *, local: bool
) -> CommandError:
    """Return how the command ends that a call failed; `local` if it can do without a server."""
    from comity.client import (
        DeadlineExceededError,
        InvalidRequestError,
        NoPolicyError,
        OverloadedError,
        UnavailableError,
    )

    match error:
        case InvalidRequestError():
            wrong = (_violation_text(violation, flags) for violation in error.violations)
            return CommandError(Exit.MISUSED, "the question is not in order:", wrong)
        case NoPolicyError():
            return CommandError(Exit.UNAVAILABLE, str(error))
        case UnavailableError():
            hints = [
                "start one with: comity serve",
                "name another with --server or COMITY_SERVER",
                f"or ask without a server: {LOCAL}",
            ]
            message = f"no server answers at {server}"
            return CommandError(
                Exit.UNAVAILABLE, message, [*hints[: 3 if local else 1], str(error)]
            )
        case DeadlineExceededError():
            return CommandError(Exit.UNAVAILABLE, f"no answer from {server} in time (--timeout)")
        case OverloadedError():
            return CommandError(Exit.UNAVAILABLE, str(error))
        case _:
            return CommandError(Exit.REFUSED, f"{error.code}: {error}")


def _violation_text(violation: FieldViolation, flags: Mapping[str, str]) -> str:
    """Return what is wrong with a field, and which flag gave it."""
    whole = violation.field.partition("]")[0] + "]"
    told = f" ({flags[whole]})" if whole in flags else ""
    return f"{violation.field}{told}: {violation.description}"
