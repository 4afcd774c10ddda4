"""The operating guide says what the code does: settings, exit codes, metrics."""

from __future__ import annotations

from pathlib import Path

from comity.app.startup import ExitCode
from comity.journal.exporting import ExportCollector
from comity.journal.places import journal_in
from comity.metrics import SupervisorMetrics, WorkerMetrics
from comity.settings.table import TABLE
from comity.telemetry import open_telemetry
from unit.telemetry.in_memory import TracingSettings

GUIDE = Path(__file__).parents[2] / "docs" / "operating.md"


def rows_of(heading: str) -> list[list[str]]:
    """Return the rows of the table whose heading begins with `heading`, without its rule."""
    lines = GUIDE.read_text("utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows


def test_the_guide_has_every_setting() -> None:
    """Names, defaults, purposes and what is allowed stand there as in the table of settings."""
    expected = [[row.name, row.default, row.help, row.allowed] for row in TABLE]
    assert rows_of("setting") == expected


def test_the_guide_has_every_exit_code() -> None:
    """Each exit code stands there by number and name, with a reason."""
    rows = rows_of("code")
    assert [(int(number), name) for number, name, _ in rows] == [
        (code.value, code.name) for code in ExitCode
    ]
    assert all(when for _, _, when in rows)


def test_the_guide_has_every_metric(tmp_path: Path) -> None:
    """Each metric of supervisor and worker stands there with its type and help text."""
    supervisor, worker = SupervisorMetrics(), WorkerMetrics()
    telemetry = open_telemetry(TracingSettings(tmp_path), "worker")
    assert telemetry.delivery is not None
    worker.count_failed_lookups(lambda: 0)
    worker.registry.register(telemetry.delivery)
    telemetry.close()
    supervisor.registry.register(ExportCollector(journal_in(tmp_path)))
    expected = []
    for registry in (supervisor.registry, worker.registry):
        for family in registry.collect():
            suffix = "_total" if family.type == "counter" else ""
            if "_process_" not in family.name:
                expected.append([family.name + suffix, family.type, family.documentation])
    assert rows_of("metric") == expected
