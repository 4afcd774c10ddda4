"""How far the export is behind, measured from outside; and its cursor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from comity.journal import JournalError, JournalLockedError, read_segment, segments_in
from comity.journal.exporting import (
    Counts,
    Cursor,
    ExportCollector,
    Exporter,
    Lag,
    LagMeter,
    is_exporting,
)
from comity.journal.exporting.cursor import ExportLock
from prometheus_client import CollectorRegistry
from unit.journal.exports import FEW, KeepingSender, Waits, export, open_journal, otlp_span, write

SECOND = 1_000_000_000


def span_at(number: int, second: int) -> bytes:
    """Return a span that ended at `second`."""
    return otlp_span(number, end_time_unix_nano=second * SECOND)


def lag_of(directory: Path, second: int = 0) -> Lag:
    """Return the lag at `second`."""
    return LagMeter(directory, lambda: second * SECOND).measure(Cursor.load(directory))


def test_lag_in_spans_octets_and_seconds(tmp_path: Path) -> None:
    """Over several segments and lives; of what is being written too."""
    assert lag_of(tmp_path / "none") == Lag()
    with open_journal(tmp_path) as journal, open_journal(tmp_path, worker=1) as other:
        journal.append_all([span_at(number, 100 + number) for number in range(1, 201)])
        other.append_all([span_at(number, 90 + number) for number in range(1, 11)])
        frames = [frame for path in segments_in(tmp_path) for frame in read_segment(path)]
        octets = sum(frame.end - frame.offset for frame in frames)
        assert lag_of(tmp_path, 300) == Lag(210, octets, 209.0)
        sender = KeepingSender()
        exporter = Exporter(tmp_path, sender, FEW, pause=Waits(lambda: True))
        exporter._export_some()
        exporter.close()
        left = frames[40:200]
        octets = sum(frame.end - frame.offset for frame in left)
        assert lag_of(tmp_path, 300) == Lag(160, octets, 159.0)
        export(tmp_path, sender)
        assert lag_of(tmp_path, 300) == Lag()
        other.append(span_at(11, 290))
        assert lag_of(tmp_path, 300).spans == 1
        assert lag_of(tmp_path, 300).seconds == 10.0
    assert lag_of(tmp_path, 300).spans == 1


def test_what_is_marked_as_exported_is_not_behind(tmp_path: Path) -> None:
    """Though the cursor was lost."""
    write(tmp_path, 1, 2, 3)
    export(tmp_path, KeepingSender())
    assert LagMeter(tmp_path).measure(Cursor()) == Lag()


def test_a_meter_goes_on_from_where_it_was(tmp_path: Path) -> None:
    """And forgets segments that were removed; a clock that went back gives no negative age."""
    meter, cursor = LagMeter(tmp_path, lambda: 0), Cursor()
    with open_journal(tmp_path) as journal:
        for number in range(1, 6):
            journal.append(span_at(number, 5))
            assert meter.measure(cursor).spans == number
        assert meter.measure(cursor).seconds == 0.0
    for path in segments_in(tmp_path):
        path.unlink()
    assert meter.measure(cursor) == Lag()


def test_a_span_that_is_none_has_no_age(tmp_path: Path) -> None:
    """It counts nevertheless."""
    with open_journal(tmp_path) as journal:
        journal.append(b"\xff" * 20)
        assert lag_of(tmp_path, 300) == Lag(1, 36, 0.0)


def test_metrics(tmp_path: Path) -> None:
    """Of lag and of what became of spans; another process need not run for them."""
    registry = CollectorRegistry()
    registry.register(ExportCollector(tmp_path))

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"comity_journal_{name}", labels)

    assert value("export_lag_spans") == 0
    write(tmp_path, 1, 2, 3)
    assert value("export_lag_spans") == 3
    assert (value("export_lag_bytes") or 0) > 3 * 500
    assert (value("export_lag_seconds") or 0) > 1e9
    assert value("export_up") == 0
    export(tmp_path, KeepingSender())
    assert value("export_lag_spans") == 0
    assert value("spans_exported_total", result="delivered") == 3
    for result in ("rejected", "dead_lettered", "missing"):
        assert value("spans_exported_total", result=result) == 0
    lock = ExportLock(tmp_path)
    assert value("export_up") == 1
    lock.release()
    (tmp_path / "export.cursor").write_text("?")
    assert value("export_lag_spans") is None


def test_one_exporter_at_a_time(tmp_path: Path) -> None:
    """Who only looks whether there is one disturbs nobody."""
    assert not is_exporting(tmp_path)
    exporter = Exporter(tmp_path, KeepingSender())
    assert is_exporting(tmp_path)
    with pytest.raises(JournalLockedError, match="another process exports"):
        Exporter(tmp_path, KeepingSender())
    exporter.close()
    assert not is_exporting(tmp_path)
    Exporter(tmp_path, KeepingSender()).close()


def test_a_cursor_is_kept_whole(tmp_path: Path) -> None:
    """What a crash left of the next one changes nothing."""
    assert Cursor.load(tmp_path) == Cursor()
    cursor = Cursor({"a": 5}, {"b": 6}, Counts(1, 2, 3, 4))
    cursor.save(tmp_path)
    (tmp_path / "export.cursor.tmp").write_text("torn")
    assert Cursor.load(tmp_path) == cursor
    assert cursor.saved_at > 0
    with (tmp_path / "export.cursor").open() as old:
        cursor.counts.delivered = 9
        cursor.save(tmp_path)
        assert json.load(old)["counts"]["delivered"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export.cursor"]


@pytest.mark.parametrize("change", [{"version": 2}, {"offsets": []}, {"counts": {"x": 1}}])
def test_a_cursor_that_makes_no_sense_is_told(tmp_path: Path, change: dict[str, object]) -> None:
    """Never read in part."""
    Cursor({"a": 5}).save(tmp_path)
    path = tmp_path / "export.cursor"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(JournalError, match="damaged"):
        Cursor.load(tmp_path)
