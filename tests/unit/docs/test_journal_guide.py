"""The guide to the journal, against what the journal writes."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from comity.journal import Event, Journal, JournalOptions, WhenFull, mark_exported, segments_in
from comity.journal.disk import UNFINISHED_SUFFIX
from comity.journal.layout import FORMAT_VERSION, FRAME_HEAD_BYTES, MAGIC, PAGE_BYTES, SegmentName
from comity.journal.recovery import DAMAGED_SUFFIX
from unit.journal.disks import options_in, span_of

GUIDE = (Path(__file__).parents[3] / "docs" / "journal.md").read_text("utf-8")


def test_the_layout_is_as_said() -> None:
    """Magic, version, pages, and the octets of header and frame added up."""
    assert f"`{MAGIC.decode()}`" in GUIDE
    assert f"version of the format, {FORMAT_VERSION}" in GUIDE
    assert f"pages of {PAGE_BYTES} octets" in GUIDE
    tables = re.findall(r"\| octets \| what \|\n\|---\|---\|\n((?:\|.*\n)+)", GUIDE)
    header, frame = (
        [re.findall(r"\d+", row.split("|")[1]) for row in t.split("\n")[:-1]] for t in tables
    )
    assert sum(int(n) for row in header for n in row) == 64 + 4 + 4 + 4
    assert sum(int(n) for row in frame for n in row) == FRAME_HEAD_BYTES


def test_files_are_named_as_said(tmp_path: Path) -> None:
    """Every file that a journal leaves is explained."""
    with Journal(options_in(tmp_path)) as journal:
        journal.append(span_of(1), legal=True)
    mark_exported(segments_in(tmp_path)[0])
    name = str(SegmentName(bytes(16), 1, 2))
    assert [len(part) for part in name.removesuffix(".seg").split("-")] == [32, 3, 8]
    for path in tmp_path.iterdir():
        kind = path.name.replace("worker-0", "worker-<n>")
        assert f"`{kind if kind.endswith('.lock') else path.suffix}`" in GUIDE or (
            path.suffix == ".seg" and "`<boot>-<worker>-<sequence>.seg`" in GUIDE
        )
    assert f"`{DAMAGED_SUFFIX}`" in GUIDE
    assert UNFINISHED_SUFFIX not in {path.suffix for path in tmp_path.iterdir()}


def test_notices_and_options_are_explained() -> None:
    """Every notice; every option that decides what may be lost."""
    assert all(f"| `{event.value}` |" in GUIDE for event in Event)
    assert all(f"`{value.value}`" in GUIDE for value in WhenFull)
    named = set(re.findall(r"`([a-z_]+)`", GUIDE))
    untold = {field.name for field in fields(JournalOptions)} - named
    assert untold == {"directory", "worker", "resource", "scope", "segment_bytes"}
