"""Runs the command line in this process."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from comity.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        code: its exit code.
        out: what it printed.
        err: what it printed to standard error.
    """

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Command:
    """The command line, in an environment without settings and a wide terminal.

    Attributes:
        capsys: catches what is printed.
    """

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Ended:
        """Run `comity` with `arguments`."""
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        printed = self.capsys.readouterr()
        code = caught.value.code
        return Ended(code if isinstance(code, int) else 0 if code is None else 1, *printed)
