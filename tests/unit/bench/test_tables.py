"""How a run is printed and put into documents."""

from __future__ import annotations

import json

import pytest
from bench.throughput.pages import (
    TABLES,
    MarkerError,
    about_list,
    growth_table,
    insert,
    rows_table,
    targets_table,
)
from bench.throughput.results import Results
from bench.throughput.table import lines, number
from unit.bench.figures import results_of, results_of_a_run


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.00"), (1.236, "1.24"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346")],
)
def test_figures_keep_the_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text


def test_the_printed_table_has_every_row_and_what_is_missing() -> None:
    results = results_of_a_run()
    text = "\n".join(lines(results))
    for row in results.rows.values():
        assert row.label in text
    assert "left out: Cerbos: it can't be installed" in text
    assert "not measured: unary hit ÷ Cerbos" in text


def test_the_last_column_tells_which_targets_hold() -> None:
    found = {line.split("  ")[0]: line for line in lines(results_of_a_run())}
    assert found["the label of hit"].endswith("÷ bare no-op 0.85, at least 0.8: yes")
    assert found["the label of cold"].endswith("÷ bare no-op 0.40, at least 0.6: NO")
    assert "at most 6.5 µs: yes" in found["a batched decision"]
    assert "at least" not in found["the label of bare"]


def test_every_table_has_as_many_cells_in_each_line() -> None:
    for table in (targets_table, rows_table, growth_table):
        counts = {line.count("|") for line in table(results_of_a_run()).splitlines()}
        assert len(counts) == 1, table


def test_the_table_of_targets_shows_bounds_aims_and_what_was_not_measured() -> None:
    told = targets_table(results_of_a_run()).splitlines()
    hit = next(line for line in told if line.startswith("| unary hit ÷ bare no-op |"))
    assert hit == "| unary hit ÷ bare no-op | 0.85 | 0.82 to 0.89 | at least 0.8 | 0.9 | yes |"
    cerbos = next(line for line in told if line.startswith("| unary hit ÷ Cerbos |"))
    assert cerbos.endswith("| not measured |")


def test_growth_has_a_column_for_each_number_of_rules() -> None:
    told = growth_table(results_of_a_run())
    assert "| rules | 100 | 1,000 |" in told
    assert "|  | 120 calls/s |" in told
    assert "rules_" not in rows_table(results_of(rules_100_unary_hit=[1.0], hit=[1.0])).replace(
        "the label of rules_", ""
    )


def test_what_was_measured_on_is_told() -> None:
    told = about_list(results_of_a_run())
    assert "- processor: Some & Other" in told
    assert "- left out: Cerbos: it can't be installed" in told


def test_a_table_replaces_what_is_between_its_markers_and_nothing_else() -> None:
    before = "a\n<!-- measured: x -->\nold\n<!-- end of measured: x -->\nb\n"
    after = insert(before, "x", r"new \1")
    assert after == "a\n<!-- measured: x -->\nnew \\1\n<!-- end of measured: x -->\nb\n"
    assert insert(after, "x", r"new \1") == after


def test_a_document_without_markers_is_refused() -> None:
    with pytest.raises(MarkerError, match="measured: x"):
        insert("a", "x", "table")


def test_raw_figures_come_back_the_same() -> None:
    results = results_of_a_run()
    written = json.dumps(results.as_json())
    again = Results.from_json(json.loads(written))
    assert json.dumps(again.as_json()) == written
    assert [table(again) for table in TABLES.values()] == [
        table(results) for table in TABLES.values()
    ]


def test_raw_figures_of_another_format_are_refused() -> None:
    with pytest.raises(ValueError, match="format"):
        Results.from_json({**results_of_a_run().as_json(), "format": 0})
