"""`comity journal archive` and `comity journal query`."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from comity.journal import mark_exported, segments_in
from comity.journal.archiving import ArchivePlace
from comity.journal.archiving.querying import answering
from unit.cli.command import Command
from unit.journal.archives import BEGIN, HOUR, archive, record, span_at
from unit.journal.exports import otlp_span

ROOT = Path(__file__).parents[3]
GUIDES = [(ROOT / name).read_text("utf-8") for name in ("docs/journal.md", "README.md")]
DENIED = {
    "decision__effect": "deny",
    "decision__determination": "decided",
    "rule__ids": ("ua-2024-official-devices",),
    "jurisdictions": ("EU", "UA"),
    "degraded": ("presence",),
    "decision__position": 3,
}
COUNT = "SELECT count(*) AS n, count(DISTINCT decision_id) AS ids FROM decisions"


@pytest.fixture(autouse=True)
def journal(
    comity: Command,  # noqa: ARG001 - it removes variables first
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A journal in the data directory: six decisions in two hours, and another span."""
    monkeypatch.setenv("COMITY_DATA_DIR", str(tmp_path))
    place = tmp_path / "journal"
    allowed = [span_at(BEGIN + n * HOUR // 4, n, decision__effect="allow") for n in range(1, 6)]
    record(place, span_at(BEGIN, 9, **DENIED), *allowed, otlp_span(7))
    return place


def told(ended: Any) -> list[dict[str, Any]]:
    """Return the rows of an answer in JSON."""
    assert ended.code == 0, ended.err
    return [json.loads(line) for line in ended.out.splitlines()]


def test_segments_move_to_the_archive(comity: Command, journal: Path, tmp_path: Path) -> None:
    """What was done is told, to people and to programs."""
    target = str(tmp_path / "archive")
    ended = comity("journal", "archive", "--to", target, "--keep")
    assert ended.code == 0
    assert "7 spans of 1 segments" in ended.out
    assert "0 segments" in ended.out
    assert segments_in(journal)
    done = json.loads(comity("journal", "archive", str(journal), "--to", target, "--json").out)
    assert (done["spans"], done["removed"]) == (0, 1)
    assert segments_in(journal) == []
    (only,) = told(comity("journal", "query", COUNT, "--archive", target, "--json"))
    assert only == {"n": 6, "ids": 6}
    assert told(comity("journal", "query", COUNT, "--json")) == [{"n": 0, "ids": 0}]


def test_with_a_collector_what_it_has_is_archived(
    comity: Command, journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless `--unexported` says otherwise."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1")
    target = str(tmp_path / "archive")
    ended = comity("journal", "archive", "--to", target)
    assert "1 segments to be exported" in ended.out
    (segment,) = segments_in(journal)
    mark_exported(segment)
    assert json.loads(comity("journal", "archive", "--to", target, "--json").out)["removed"] == 1
    record(journal, span_at(BEGIN))
    ended = comity("journal", "archive", "--to", target, "--unexported", "--json")
    assert json.loads(ended.out)["removed"] == 1
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "pigeon")
    assert comity("journal", "archive", "--to", target).code == 10


def test_what_is_in_both_counts_once(comity: Command, journal: Path, tmp_path: Path) -> None:
    """Archived and kept, archived and removed, not archived yet."""
    target = tmp_path / "archive"
    archive(journal, target, keep=True)
    record(journal, span_at(BEGIN, 99))
    both = ("journal", "query", COUNT, "--archive", str(target), "--json")
    assert told(comity(*both)) == [{"n": 7, "ids": 7}]
    assert told(comity(*both, "--only-archive")) == [{"n": 6, "ids": 6}]
    assert told(comity("journal", "query", COUNT, "--json")) == [{"n": 7, "ids": 7}]
    archive(journal, target)
    assert told(comity(*both)) == [{"n": 7, "ids": 7}]


@pytest.mark.parametrize("archived", [False, True])
def test_columns_are_friendly(
    comity: Command, journal: Path, tmp_path: Path, *, archived: bool
) -> None:
    """The same from journal and archive."""
    target = str(tmp_path / "archive")
    if archived:
        archive(journal, Path(target))
    sql = "SELECT * FROM decisions WHERE degraded AND hour = '2026-11-24T23'"
    (row,) = told(comity("journal", "query", sql, "--archive", target, "--json"))
    assert row["time"] == "2026-11-24T23:00:00Z"
    assert row["decision_id"] == f"{9:032x}-{9:016x}"
    assert (row["effect"], row["determination"], row["rpc"]) == ("deny", "decided", "batch")
    assert (row["jurisdictions"], row["rules"]) == (["EU", "UA"], ["ua-2024-official-devices"])
    assert (row["degraded"], row["degraded_sources"]) == (True, ["presence"])
    assert (row["position"], row["duration_us"], row["obligations"]) == (3, 1.0, [])
    assert row["segment"].endswith(".seg")
    (row,) = told(comity("journal", "query", "SELECT count(*) AS n FROM spans", "--json"))
    assert row["n"] == (0 if archived else 7)


def test_people_get_a_table(comity: Command) -> None:
    """With columns as wide as they need to be."""
    sql = (
        "SELECT effect, count(*) AS n, any_value(jurisdictions) AS j, min(time) AS t, true AS y, "
        "{'a': 1} AS s FROM decisions GROUP BY effect ORDER BY n"
    )
    ended = comity("journal", "query", sql)
    assert ended.out.splitlines() == [
        "effect  n  j      t                     y    s",
        "------  -  -----  --------------------  ---  --------",
        'deny    1  EU,UA  2026-11-24T23:00:00Z  yes  {"a": 1}',
        'allow   5         2026-11-24T23:15:00Z  yes  {"a": 1}',
    ]


def test_values_of_every_type_are_json(comity: Command) -> None:
    """What JSON has no form for is text."""
    sql = "SELECT 1.5::DECIMAL(4,1) AS a, DATE '2026-01-02' AS b, 'x'::BLOB AS c, NULL AS d"
    assert told(comity("journal", "query", sql, "--json")) == [
        {"a": "1.5", "b": "2026-01-02", "c": "78", "d": None}
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "DROP VIEW decisions",
        "SELECT 1; SELECT 2",
        "",
        "CREATE TABLE t AS SELECT 1",
        "COPY decisions TO '{0}/out.csv'",
        "SELECT * FROM '{0}/secret.csv'",
        "SELECT * FROM read_text('{0}/secret.csv')",
        "SELECT * FROM glob('{0}/*')",
        "ATTACH '{0}/new.db'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "SELECT * FROM journal",
        "SELECT nothing FROM decisions",
        "SELECT FROM WHERE",
        "SELECT error('no such luck')",
    ],
)
def test_a_query_reaches_nothing_else(comity: Command, tmp_path: Path, sql: str) -> None:
    """No file, no setting, no variable; what is wrong is said, and nothing is written."""
    (tmp_path / "secret.csv").write_text("secret\n1\n")
    before = sorted(tmp_path.iterdir())
    ended = comity("journal", "query", sql.format(tmp_path))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("comity: ")
    assert "Traceback" not in ended.err
    assert "1\n" not in ended.err.removesuffix("\n")
    assert sorted(tmp_path.iterdir()) == before


def test_wrong_use_is_said(comity: Command) -> None:
    """An archive that is not named, a target that is none."""
    assert comity("journal", "query", COUNT, "--only-archive").code == 2
    ended = comity("journal", "archive", "--to", "nosuch://x/y")
    assert (ended.code, ended.err) == (
        1,
        "comity: nosuch:// is no place for an archive as it is given\n",
    )


@pytest.mark.parametrize("missing", ["pyarrow", "duckdb"])
def test_what_is_to_be_installed_is_said(
    comity: Command, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """The archive is an extra of the package."""
    monkeypatch.setitem(sys.modules, missing, None)
    for words in (("archive", "--to", "x"), ("query", COUNT)):
        ended = comity("journal", *words)
        assert ended.code == 1
        assert ended.err == (
            "comity: this command needs pyarrow and duckdb: pip install 'comity[archive]'\n"
        )


def examples() -> list[list[str]]:
    """Return the queries that the guides show, as words behind `comity`."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", "\n".join(GUIDES), re.DOTALL | re.MULTILINE)
    lines = (
        "\n".join(text for language, text in fenced if not language)
        .replace("\\\n", " ")
        .splitlines()
    )
    found = [line.removeprefix(".venv/bin/") for line in lines if "comity journal query" in line]
    return [shlex.split(line, comments=True)[1:] for line in found]


def test_the_queries_of_the_guides_are_answered(
    comity: Command, journal: Path, tmp_path: Path
) -> None:
    """Each gives rows, of an archive at another place."""
    archive(journal, tmp_path / "archive", keep=True)
    shown = examples()
    assert len(shown) == 7
    for words in shown:
        if "--archive" in words:
            words[words.index("--archive") + 1] = str(tmp_path / "archive")
        ended = comity(*words)
        assert ended.code == 0, (words, ended.err)
        assert len(ended.out.splitlines()) > (0 if "--json" in words else 2), words


def test_the_guide_explains_every_column() -> None:
    """Of the view `decisions`."""
    with answering(None, ArchivePlace("nowhere"), "SELECT * FROM decisions") as answer:
        columns = answer.columns
    table = GUIDES[0].partition("## Asking in SQL")[2].partition("## Looking")[0]
    cells = "".join(row.split("|")[1] for row in table.splitlines() if row.startswith("|"))
    assert set(re.findall(r"`(\w+)`", cells)) == set(columns)
