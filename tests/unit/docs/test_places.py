"""What the page on semantics says of addresses is what the look-up does."""

from __future__ import annotations

import re
from pathlib import Path

from comity.app.ports.place_lookup import LOW_TRUST_FLAGS, PlaceFlag

PAGE = Path(__file__).parents[3] / "docs" / "semantics.md"


def test_every_flag_is_documented_with_its_trust() -> None:
    """Once, in the table of flags."""
    text = PAGE.read_text(encoding="utf-8")
    _, _, section = text.partition("### From an address to a place\n")
    rows = re.findall(r"^\| (`.+?) \|.*\| ?(\w*) ?\|$", section.partition("\n## ")[0], re.MULTILINE)
    documented = [(flag, trust) for flags, trust in rows for flag in re.findall(r"`(\w+)`", flags)]
    assert sorted(flag for flag, _ in documented) == sorted(PlaceFlag)
    assert {flag for flag, trust in documented if trust == "low"} == LOW_TRUST_FLAGS
