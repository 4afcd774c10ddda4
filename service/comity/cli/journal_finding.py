"""`comity journal find`: the decisions on one account, under whatever key of pseudonyms."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

from comity.cli.failure import CommandError, Exit
from comity.cli.journal_place import AsJson, Directory, journal_place, usable_journal
from comity.cli.setting_flags import settings_from
from comity.cli.traces import DecisionFilter

if TYPE_CHECKING:
    from comity.settings import Settings
    from comity.telemetry.pseudonyms import Pseudonyms
    from comity.telemetry.reading import StoredSpan

_PSEUDONYM: Final = "comity.subject.pseudonym"
_LONGEST_ACCOUNT: Final = 1024

OfAccount = Annotated[
    bool,
    typer.Option(
        "--account", help="Those of the account whose id is on standard input, never an argument."
    ),
]


@dataclass(frozen=True, slots=True)
class AccountFilter(DecisionFilter):
    """Which decisions are on one account.

    Attributes:
        pseudonyms: its pseudonyms, one a key.
    """

    pseudonyms: frozenset[str] = frozenset()

    def may_want(self, octets: bytes) -> bool:
        """Return whether a serialised span names one of the pseudonyms."""
        return any(pseudonym.encode() in octets for pseudonym in self.pseudonyms)

    def wants(self, span: StoredSpan) -> bool:
        """Return whether `span` records a decision on the account."""
        return span.is_decision and span.text(_PSEUDONYM) in self.pseudonyms


def register(journal: typer.Typer) -> None:
    """Add `comity journal find`."""
    journal.command("find")(find_account)


def find_account(
    directory: Directory = None, *, account: OfAccount = False, as_json: AsJson = False
) -> None:
    """List the decisions on one account, oldest first; exit 1 without any.

    Under every key that is kept: decisions of a period whose key was destroyed are not found.
    """
    from comity.cli.journal_spans import JournalReader
    from comity.cli.trace_texts import decision_line, json_line

    if not account:
        message = "say what to find: --account, with the account id on standard input"
        raise CommandError(Exit.MISUSED, message)
    place = journal_place(directory)
    if not place.is_dir():
        message = "there is no such directory; an account id is read from standard input only"
        raise CommandError(Exit.MISUSED, message)
    account_id = sys.stdin.read(_LONGEST_ACCOUNT).rstrip("\r\n")
    if not account_id:
        raise CommandError(Exit.MISUSED, "there is no account id on standard input")
    keys = _keys(settings_from({}))
    wanted = AccountFilter(pseudonyms=frozenset(key.of(account_id) for key in keys))
    show, found = json_line if as_json else decision_line, False
    with usable_journal():
        for span in JournalReader(place).new_spans(wanted):
            typer.echo(show(span))
            found = True
    if not found:
        raise typer.Exit(Exit.FAILED)


def _keys(settings: Settings) -> Iterable[Pseudonyms]:
    """Return what makes pseudonyms, under every key that there is.

    Raises:
        CommandError: a key can't be read.
    """
    from comity.app.startup import StartupError
    from comity.telemetry.pseudonyms import Pseudonyms, epochs_in

    try:
        kept = [epoch.pseudonyms for epoch in epochs_in(settings.data_dir)]
    except StartupError as error:
        raise CommandError(error.exit_code, str(error)) from error
    configured = settings.pseudonym_key
    return [*kept, Pseudonyms(configured)] if configured else kept
