"""A flag for every setting, generated from the table of settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from inspect import Parameter, Signature, cleandoc
from typing import Annotated, Any

import typer

from comity.app.startup import ExitCode
from comity.cli.failure import CommandError
from comity.settings import Settings, SettingsError, load_settings
from comity.settings.table import TABLE, Setting

Flags = dict[str, object]

PRECEDENCE = (
    "A flag beats the environment, where --log-level is COMITY_LOG_LEVEL, and so on; that beats "
    "the default."
)


def with_setting_flags(
    command: Callable[[Flags], None], *, more: tuple[Parameter, ...] = ()
) -> Callable[..., None]:
    """Return `command` as typer takes it, with a flag for every setting.

    Args:
        command: is given the value of every flag by name, None for one not given.
        more: further parameters; their values are among those of the flags.
    """

    def run(**flags: Any) -> None:  # noqa: ANN401 - of whatever type the parameter has
        command(flags)

    parameters = [*more, *(_parameter(setting) for setting in TABLE)]
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined] # functions may have one
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__name__ = command.__name__
    run.__doc__ = cleandoc(command.__doc__ or "").partition("\n\nRaises:")[0]
    return run


def settings_from(flags: Flags) -> Settings:
    """Return the settings of this process.

    Raises:
        CommandError: they have mistakes; it names all of them.
    """
    try:
        return load_settings(os.environ, flags)
    except SettingsError as error:
        lines = [str(mistake) for mistake in error.mistakes]
        raise CommandError(
            ExitCode.SETTINGS_INVALID, "the settings can't be used:", lines
        ) from error


def _parameter(setting: Setting) -> Parameter:
    """Return the parameter that takes the flag of a setting."""
    default = f" (default: {setting.default})" if setting.default else ""
    text = f"{setting.help[0].upper()}{setting.help[1:]}{default}."
    kind: Any
    if setting.switch:
        option = typer.Option(f"{setting.flag}/--no-{setting.flag[2:]}", help=text)
        kind = bool | None
    else:
        option = typer.Option(setting.flag, help=text, metavar="VALUE")
        kind = str | None
    return Parameter(
        setting.name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option]
    )
