"""docs/walkthrough.md shows what a server answers today."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PEOPLE = [
    "A traveller",
    "A soldier",
    "A minister's adviser",
    "A child in two states",
    "A student on a campus network",
    "A Russian-French national with a wallet",
    "A Crimean address",
    "A user during an exam",
    "A diplomat",
    "Somebody with no facts at all",
]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that writes the document."""
    path = ROOT / "scripts" / "describe_walkthrough.py"
    spec = importlib.util.spec_from_file_location("describe_walkthrough", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def server(script: ModuleType) -> Iterator[str]:
    """Address of a server that answers from the policies."""
    with script.serving(ROOT / "policies") as address:
        yield address


def test_the_walkthrough_is_what_the_server_answers(script: ModuleType, server: str) -> None:
    """To the letter; the failure says which command brings it up to date."""
    script.check_document(DOCS, server)


def test_an_answer_that_has_changed_is_found(
    script: ModuleType, server: str, tmp_path: Path
) -> None:
    """One word is enough, and the message names the command that writes the document."""
    shutil.copy(DOCS / "walkthrough.yaml", tmp_path)
    told = (DOCS / "walkthrough.md").read_text(encoding="utf-8")
    (tmp_path / "walkthrough.md").write_text(told.replace("DENY", "WARN", 1), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"out of date; run \S+ scripts/describe_walkthrough\.py"):
        script.check_document(tmp_path, server)


def test_a_question_that_is_refused_is_named(script: ModuleType, server: str) -> None:
    """It never becomes an empty reply in the document."""
    question = "--action message_sned --as-of 2024-10-01"
    with pytest.raises(SystemExit, match="message_sned --as-of 2024-10-01: ended with 2"):
        script.reply_to(question, server)


def test_everybody_is_there_and_no_question_depends_on_the_day_it_is_asked() -> None:
    """Ten people, each with a story, a question of a named instant, and what to notice."""
    people = yaml.safe_load((DOCS / "walkthrough.yaml").read_text(encoding="utf-8"))
    assert [person["who"] for person in people] == PEOPLE
    for person in people:
        assert person["story"]
        assert person["notice"]
        assert person["ask"]
        assert all(re.search(r"--as-of \d{4}-\d\d-\d\dT\S+$", asked) for asked in person["ask"])
