"""What one run measured: rows, as people and programs read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.throughput.spreads import Spread, spread_of

FORMAT = 1


@dataclass(frozen=True)
class Row:
    """One thing measured, once a repetition.

    Attributes:
        id: name for programs.
        label: what it is.
        unit: unit of the values.
        values: one a repetition.
        server_us: microseconds of the server's processor a call, one a repetition, if there is one.
        load_busy: share of its core that the load took, one a repetition, if there is a load.
    """

    id: str
    label: str
    unit: str
    values: Sequence[float]
    server_us: Sequence[float] = ()
    load_busy: Sequence[float] = ()

    @property
    def spread(self) -> Spread:
        """Median and extremes of the values."""
        return spread_of(self.values)


@dataclass(frozen=True)
class LeftOut:
    """What was not measured.

    Attributes:
        what: the rows.
        why: why not.
    """

    what: str
    why: str


@dataclass
class Results:
    """Everything that one run measured.

    Attributes:
        about: the machine, versions, sizes and settings, by name.
        rows: what was measured, in the order of the table.
        left_out: what was not.
    """

    about: dict[str, str] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Add a row."""
        self.rows[row.id] = row

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {
            "format": FORMAT,
            "about": self.about,
            "rows": [asdict(row) for row in self.rows.values()],
            "left_out": [asdict(one) for one in self.left_out],
        }

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> Results:
        """Return the results that `as_json` gave.

        Raises:
            ValueError: they are of another format.
        """
        if read["format"] != FORMAT:
            message = f"raw figures of format {read['format']}, not {FORMAT}"
            raise ValueError(message)
        results = cls(about=dict(read["about"]))
        for row in read["rows"]:
            results.add(Row(**row))
        results.left_out = [LeftOut(**one) for one in read["left_out"]]
        return results
