"""`comity config`: the settings in force, and where each comes from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from inspect import Parameter
from typing import Annotated

import typer

from comity.cli.setting_flags import PRECEDENCE, Flags, settings_from, with_setting_flags
from comity.settings import SettingRow, describe

_NOT_SET = "(not set)"
_JSON = Parameter(
    "json",
    Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[bool, typer.Option("--json", help="Print JSON.")],
)


def register(app: typer.Typer) -> None:
    """Add `comity config`."""
    app.command("config", epilog=PRECEDENCE)(with_setting_flags(show_settings, more=(_JSON,)))


def show_settings(flags: Flags) -> None:
    """Print every setting that `serve` would use with these flags, and where it comes from.

    Secrets are masked. With mistakes, all of them are printed and the exit code is 10.
    """
    as_json = flags.pop("json")
    rows = describe(settings_from(flags))
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        print(_table(rows))


def _table(rows: Sequence[SettingRow]) -> str:
    """Return one line a setting: name, value, where it comes from."""
    cells = [(row.name, row.value or _NOT_SET, row.origin) for row in rows]
    widths = [max(len(cell[column]) for cell in cells) for column in range(2)]
    return "\n".join(
        f"{name:{widths[0]}}  {value:{widths[1]}}  {origin}" for name, value, origin in cells
    )
