"""The GeoIP database that comes with the package."""

from __future__ import annotations

import json
import lzma
from importlib.resources import files
from typing import Final

from comity.adapters.geoip.database import GeoipDatabaseError, OpenDatabase, open_database

ATTRIBUTION: Final = (
    "IP address to country data: Number Resource Organization (NRO), https://www.nro.net/, from "
    "the registries AFRINIC, APNIC, ARIN, LACNIC and RIPE NCC, licensed under CC BY 4.0, "
    "https://creativecommons.org/licenses/by/4.0/; merged with published geofeeds by "
    "ip-location-db, https://github.com/sapics/ip-location-db; recompressed, contents unchanged."
)
"""What the licence of the embedded data asks to be shown; NOTICE and `comity version` show it."""

_DATA: Final = files("comity") / "data"


def open_embedded() -> OpenDatabase:
    """Return the embedded database of countries, decompressed into memory.

    Raises:
        GeoipDatabaseError: the package data is missing, damaged or not what its manifest says.
    """
    name = "the embedded GeoIP database"
    try:
        manifest = json.loads((_DATA / "geoip-country.json").read_bytes())
        with (_DATA / "geoip-country.mmdb.xz").open("rb") as packed, lzma.open(packed) as source:
            database = open_database(source, name)
    except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
        message = f"{name} can't be read: reinstall the package"
        raise GeoipDatabaseError(message) from error
    if database.provenance.sha256 != manifest["sha256"]:
        message = f"{name} is not the one that its manifest names: reinstall the package"
        raise GeoipDatabaseError(message)
    return database
