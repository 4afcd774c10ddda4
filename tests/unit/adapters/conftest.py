"""GeoIP databases written for the tests of the adapters."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

WriteDatabase = Callable[..., Path]


@pytest.fixture
def data() -> Path:
    """The folder of MaxMind's test databases."""
    return Path(__file__).parents[2] / "data" / "geoip"


@pytest.fixture
def write_database(tmp_path: Path) -> WriteDatabase:
    """A function that writes a database: file name, type, and records by network."""

    def write(
        name: str, database_type: str, records: Mapping[str, dict[str, Any]], version: int = 6
    ) -> Path:
        writer = MMDBWriter(version, database_type, ipv4_compatible=version == 6)
        for network, record in records.items():
            writer.insert_network(IPSet([network]), record)
        path = tmp_path / name
        # Written beside and renamed, so that a database in use is replaced and not overwritten.
        draft = path.with_suffix(".draft")
        writer.to_db_file(str(draft))
        return draft.rename(path)

    return write
