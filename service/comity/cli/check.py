"""`comity check`: asks whether an account may do something, here, now."""

from __future__ import annotations

from typing import Final

import typer

from comity.cli.asking import OPTION_FLAGS, SERVER_FLAGS, asking, instant_of, options_of
from comity.cli.facts import FACT_FLAGS, question_of, tie_flags
from comity.cli.failure import Exit
from comity.cli.flags import Flag, Given, with_flags

_EPILOG: Final = (
    "Example: comity check --works-for UA:military --device official --action message_send. "
    "Exit codes: 0 answered, whatever the answer; 2 the question is not in order; 3 no server; "
    "4 refused; with --exit-code 0 allow, 31 warn, 32 verify, 33 restrict, 34 deny."
)

_FLAGS: Final = (
    *FACT_FLAGS,
    Flag("explain", "Tell what missing facts would lead to.", panel="Answer"),
    Flag("exit_code", "End with a code that tells the effect.", panel="Answer"),
    *OPTION_FLAGS,
    *SERVER_FLAGS,
)


def register(app: typer.Typer) -> None:
    """Add `comity check`."""
    app.command("check", epilog=_EPILOG)(with_flags(check_eligibility, *_FLAGS))


def check_eligibility(given: Given) -> None:
    """Ask whether an account may do something, under the law of every place it is tied to.

    Raises:
        CommandError: there is no answer, or a flag makes no sense.
    """
    options = options_of(given, explain=given["explain"])
    created = instant_of("--account-created", given["account_created"])
    question = question_of(given, options.as_of, created)
    with asking(given, tie_flags(given)) as client:
        answer = client.check(**question, options=options)
    if given["json"]:
        from comity.cli.output import print_json

        print_json(answer.reply)
    else:
        from comity.cli.answer_text import answer_lines

        print(*answer_lines(answer), sep="\n")
    if given["exit_code"] and not answer.allowed:
        raise typer.Exit(Exit[answer.effect.name])
