"""docs/shapes.md, docs/edge-cases.md and docs/counsel.md say what the policy files show."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
SCRIPT = ROOT / "scripts" / "describe_shapes.py"
NAMES = [
    f"{name}.{kind}" for name in ("shapes", "edge-cases", "counsel") for kind in ("yaml", "md")
]
SHAPES = 57
# The numbers of the cases that are told; the list has gaps.
CASES = [
    1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 15, 16, 18, 19, 21, 22, 24, 25, 26, 27, 28, 29, 30, 33,
    34, 35, 37, 38, 39, 40, 42, 44, 45, 47, 50, 51, 52, 54, 55, 56, 57, 58,
]  # fmt: skip


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that writes the documents."""
    spec = importlib.util.spec_from_file_location("describe_shapes", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def policies(script: ModuleType) -> Any:
    """What the policy files hold."""
    return script.read_policies()


def test_the_documents_are_what_the_script_writes(script: ModuleType, policies: Any) -> None:
    """Every rule and scenario named exists, and every such scenario passes."""
    script.check_documents(DOCS, policies)


def test_every_shape_and_every_case_is_told() -> None:
    """Each shape by a rule, each case by a scenario or a test."""
    shapes = yaml.safe_load((DOCS / "shapes.yaml").read_text(encoding="utf-8"))
    assert len(shapes) == SHAPES
    assert all(entry["shown"] for entry in shapes)
    cases = yaml.safe_load((DOCS / "edge-cases.yaml").read_text(encoding="utf-8"))
    assert [entry["number"] for entry in cases] == CASES
    assert all(entry.get("shown") or entry.get("tests") for entry in cases)


def test_every_rule_that_rests_on_a_reading_of_its_force_is_put_to_counsel(policies: Any) -> None:
    """Rules without an established author, applied without an act, or only recalled."""
    topics = yaml.safe_load((DOCS / "counsel.yaml").read_text(encoding="utf-8"))
    asked = {rule for topic in topics for entry in topic["entries"] for rule in entry["rules"]}
    doubtful = {
        rule.id
        for rule in policies.rules.values()
        if any(rule.timeline.states)
        if rule.text.authority == "Not established"
        or rule.text.legal_effect != "binding"
        or rule.text.confidence != "verified"
    }
    assert {"at-2023", "ru-2026-wa", "ua-2024-official-devices", "us-cu"} <= doubtful
    assert doubtful <= asked


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ("shapes.md", "An open-ended block", "An open block"),
            "docs/shapes.md is out of date",
        ),
        (("shapes.yaml", "vn-2025-tg", "vn-2025"), "no rule has the id vn-2025"),
        (("shapes.yaml", "test_nights_of", "test_days_of"), "there is no test_days_of"),
        (("counsel.yaml", "id-tunas", "id-tuna"), "no rule has the id id-tuna"),
        (
            ("edge-cases.yaml", "a Polish officer in Kyiv", "a Polish officer in Lviv"),
            "the scenario 'a Polish officer in Lviv' does not exist",
        ),
    ],
)
def test_what_is_out_of_date_is_found(
    script: ModuleType, policies: Any, tmp_path: Path, change: tuple[str, str, str], told: str
) -> None:
    """A change by hand, a rule or a scenario that is gone is noticed."""
    for name in NAMES:
        shutil.copy(DOCS / name, tmp_path)
    file, old, new = change
    path = tmp_path / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SystemExit, match=re.escape(told)):
        script.check_documents(tmp_path, policies)


def test_a_scenario_that_fails_shows_nothing(script: ModuleType, policies: Any) -> None:
    """A document can't rest on it."""
    failing = replace(policies, failing=frozenset({("ua", "a Polish officer in Kyiv")}))
    with pytest.raises(SystemExit, match="'a Polish officer in Kyiv' fails"):
        script.check_documents(DOCS, failing)
