"""Flags of commands that take many, as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, Signature, cleandoc
from typing import Annotated, Any

import typer

Given = Mapping[str, Any]
"""The value of every flag by name; None, or an empty list, for one not given."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag.

    Attributes:
        name: name of its value; with dashes, the flag.
        help: what it is for.
        metavar: what stands for its value in the help; empty for a switch.
        default: its value if it isn't given.
        many: whether it may be given several times.
        panel: heading that it stands under in the help.
        variable: environment variable that gives its value as well; empty for none.
        takes: type of its value.
    """

    name: str
    help: str
    metavar: str = ""
    default: Any = None
    many: bool = False
    panel: str = "Options"
    variable: str = ""
    takes: type = str

    @property
    def parameter(self) -> Parameter:
        """The parameter that typer makes the flag of."""
        option = typer.Option(
            f"--{self.name.replace('_', '-')}",
            help=self.help,
            metavar=self.metavar or None,
            rich_help_panel=self.panel,
            envvar=self.variable or None,
            show_default=bool(self.default),
        )
        kind: Any = bool
        default = self.default
        if not self.metavar:
            default = False
        elif self.many:
            kind = list[str]
            default = self.default or []
        else:
            kind = self.takes | None
        return Parameter(
            self.name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
        )


def with_flags(
    command: Callable[[Given], None], *flags: Flag, before: tuple[Parameter, ...] = ()
) -> Callable[..., None]:
    """Return `command` as typer takes it, with `flags`, and the arguments `before` them."""

    def run(**given: Any) -> None:  # noqa: ANN401 - of whatever type the flag takes
        command(given)

    parameters = [*before, *(flag.parameter for flag in flags)]
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined] # functions may have one
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__name__ = command.__name__
    run.__doc__ = cleandoc(command.__doc__ or "").partition("\n\nRaises:")[0]
    return run
