"""`comity version`: what is installed, and what it rests on."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `comity version`."""
    app.command("version")(show_version)


def show_version(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Print the versions of Comity and of what it rests on, and whose data it comes with."""
    from comity.adapters.geoip.embedded import ATTRIBUTION, open_embedded
    from comity.cli.output import rows
    from comity.policy.compiling.zones import tzdata_version

    database = open_embedded().provenance
    versions: dict[str, str | dict[str, str]] = {
        "comity": comity_version(),
        "python": platform.python_version(),
        "grpc": version("grpcio"),
        "protobuf": version("protobuf"),
        "tzdata": tzdata_version(),
        "geoip": {
            "database_type": database.database_type,
            "built_at": database.built_at.isoformat().replace("+00:00", "Z"),
            "sha256": database.sha256,
            "attribution": ATTRIBUTION,
        },
    }
    if as_json:
        print(json.dumps(versions, indent=2))
        return
    print(*rows(_table(versions)), sep="\n")


def comity_version() -> str:
    """Return the version of the installed package."""
    return version("comity")


def _table(versions: dict[str, str | dict[str, str]]) -> list[tuple[str, str]]:
    """Return a label and a text for each version, those of the embedded data below their name."""
    table = []
    for name, value in versions.items():
        if isinstance(value, str):
            table.append((name, value))
        else:
            table += [(f"{name} {key.replace('_', ' ')}", text) for key, text in value.items()]
    return table
