"""`comity version`: what is installed, and what it rests on."""

from __future__ import annotations

from importlib.metadata import version

import typer


def comity_version() -> str:
    """Return the version of the installed package."""
    return version("comity")


def register(app: typer.Typer) -> None:
    """Add `comity version`."""

    @app.command("version")
    def show_version() -> None:
        """Print the versions of Comity and of what it rests on."""
        print(f"comity {comity_version()}")
