"""`comity policy list --map`: jurisdictions as tiles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pycountry
import pytest
from comity.cli.map_drawing import Drawing, Tile
from comity.cli.world_tiles import COLUMNS, ROWS, TILES
from unit.cli.command import Command
from unit.policy.scenarios.small_policies import policy_files

SVG = "{http://www.w3.org/2000/svg}"
RULE = """\
  - id: {id}
    title: A rule
    effect: {effect}
    applies_to: {applies}
    in_force: [{{from: 2024-01-01, until: 2025-01-01}}]
    authority: A centre
    source: {{title: A <decision> & "more"}}
    recorded_at: 2024-01-01
"""
AT = "2024-06-01T00:00:00Z"


def file_of(code: str, *rules: tuple[str, str, str]) -> bytes:
    """Return a jurisdiction's file with rules, each an id, an effect and whom it meets."""
    written = "".join(RULE.format(id=i, effect=e, applies=a) for i, e, a in rules)
    return f"jurisdiction: {code}\ntimezone: UTC\nrestrictions:\n{written}".encode()


FILES = {
    "ua": file_of(
        "UA",
        ("ua-staff", "deny", "{connected_by: works_for, product: telegram}"),
        ("ua-calls", "{restrict: calls}", "{connected_by: presence, product: messaging}"),
    ),
    "fr": file_of("FR", ("fr-all", "deny", "{connected_by: presence, product: telegram}")),
    "de": file_of("DE", ("de-signal", "deny", "{connected_by: presence, product: signal}")),
    "us-tx": file_of(
        "US-TX", ("tx-warn", "{warn: careful}", "{connected_by: residence, product: all}")
    ),
    "eu": file_of("EU", ("eu-check", "{verify: employer}",
                         "{connected_by: residence, population: baker, product: telegram}")),
    "eu_commission": file_of(
        "eu_commission", ("ec-net", "deny", "{connected_by: network, product: telegram}")
    ),
}  # fmt: skip


@pytest.fixture
def policies(tmp_path: Path) -> str:
    """The directory of the files."""
    files: Mapping[str, bytes] = {
        **policy_files(),
        **{f"jurisdictions/{stem}.yaml": content for stem, content in FILES.items()},
        **{f"tests/{stem}_test.yaml": b"scenarios: []\n" for stem in FILES},
    }
    for name, content in files.items():
        path = tmp_path / "policies" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content)
    return str(tmp_path / "policies")


def draw(comity: Command, policies: str, *flags: str) -> ET.Element:
    """Return the map that a command prints."""
    ended = comity("policy", "list", "--policies", policies, "--map", "--at", AT, *flags)
    assert (ended.code, ended.err) == (0, "")
    return ET.fromstring(ended.out)


def tiles_of(svg: ET.Element) -> dict[str, tuple[str, str]]:
    """Return label -> class of the tile's box, and what its title tells."""
    found = {}
    for group in svg.iter(f"{SVG}g"):
        box, label = group.find(f"{SVG}rect"), group.find(f"{SVG}text")
        title = group.find(f"{SVG}title")
        assert box is not None
        assert label is not None
        if label.text:
            told = title.text if title is not None else ""
            found[label.text] = (box.get("class") or "", told or "")
    return found


def test_each_tile_has_the_strictest_effect_and_tells_the_rules(
    comity: Command, policies: str
) -> None:
    """Filled for the public, outlined for some; grey for no rule, paler for no file."""
    tiles = tiles_of(draw(comity, policies))
    assert tiles["FR"] == ("deny", "France (FR). everybody: deny (fr-all)")
    assert tiles["UA"] == (
        "part deny-line",
        "Ukraine (UA). everybody: restrict calls (ua-calls). some people or uses: deny (ua-staff)",
    )
    assert tiles["DE"] == ("allow", "Germany (DE). no rule in force")
    assert tiles["PL"] == ("none", "")
    assert tiles["US-TX"] == ("warn", "Texas (US-TX). everybody: warn careful (tx-warn)")
    assert tiles["EU"][0] == "part verify-line"
    assert tiles["eu_commission"][0] == "part deny-line"


def test_the_map_is_of_one_product_at_one_instant(comity: Command, policies: str) -> None:
    of_signal = tiles_of(draw(comity, policies, "--product", "signal"))
    assert (of_signal["DE"][0], of_signal["FR"][0]) == ("deny", "allow")
    assert of_signal["UA"][0] == "restrict"
    later = tiles_of(draw(comity, policies, "--at", "2025-01-01T00:00:00Z"))
    assert {tile[0] for tile in later.values()} == {"allow", "none"}


def test_the_map_needs_nothing_else_and_can_be_read_aloud(comity: Command, policies: str) -> None:
    """It loads nothing, has a title and a description, and names each tile's jurisdiction."""
    ended = comity("policy", "list", "--policies", policies, "--map", "--at", AT)
    svg = ET.fromstring(ended.out)
    assert re.findall(r"(?:href|src|url|@import)\W", ended.out) == []
    assert svg.get("aria-labelledby") == "title desc"
    described = svg.find(f"{SVG}desc")
    assert described is not None
    assert described.text == (
        "Jurisdictions by the strictest effect on telegram. Deny: FR, UA, eu_commission. "
        "Verify: EU. Warn: US-TX. No rule in force: DE."
    )
    assert "prefers-color-scheme: dark" in ended.out
    labels = [g.get("aria-label") for g in svg.iter(f"{SVG}g") if g.get("role") == "img"]
    assert "France (FR). everybody: deny (fr-all)" in labels


def test_the_map_can_go_to_a_file(comity: Command, policies: str, tmp_path: Path) -> None:
    file = tmp_path / "map.svg"
    ended = comity(
        "policy", "list", "--policies", policies, "--map", "--at", AT, "--out", str(file)
    )
    assert (ended.code, ended.out) == (0, "")
    printed = comity("policy", "list", "--policies", policies, "--map", "--at", AT)
    assert file.read_text(encoding="utf-8") == printed.out


def test_flags_that_make_no_sense_are_told(comity: Command, policies: str, tmp_path: Path) -> None:
    without = comity("policy", "list", "--policies", policies, "--out", str(tmp_path / "x"))
    assert without.code == 2
    assert "add --map" in without.err
    unknown = comity("policy", "list", "--policies", policies, "--map", "--product", "telegran")
    assert unknown.code == 2
    assert "did you mean telegram?" in unknown.err


def test_names_that_are_too_long_are_cut_beside_their_tile() -> None:
    """The tile itself tells the whole name."""
    long = "A &amp; B: " + "a body with a very long name " * 3
    tiles = ((Tile("body", long), long), (Tile("other", "Short"), "Short"))
    drawn = Drawing("Map", "Now", "All", (), (("Bodies", tiles),)).to_svg()
    texts = [text.text or "" for text in ET.fromstring(drawn).iter(f"{SVG}text")]
    assert "Short" in texts
    [cut] = [text for text in texts if text.endswith("…")]
    assert len(cut) <= 38
    assert cut.startswith("A & B: a body")
    assert f"<title>{long}</title>" in drawn


def test_each_tile_is_of_a_country_and_stands_alone() -> None:
    """No two share a cell, and all codes are of ISO 3166-1, or Kosovo's."""
    codes = {country.alpha_2 for country in pycountry.countries} | {"XK"}
    assert TILES.keys() <= codes
    assert len(TILES) >= 193
    assert len(set(TILES.values())) == len(TILES)
    assert all(row < ROWS and column < COLUMNS for row, column in TILES.values())


def test_neighbours_stand_near_each_other() -> None:
    """The grid is rough, and not wrong: what lies side by side does so within a few cells."""
    for group in ("FR BE DE LU", "UA BY RO", "BR AR UY", "KE UG TZ", "IN BD NP", "US CA MX"):
        for one, other in combinations(group.split(), 2):
            (row, column), (below, right) = TILES[one], TILES[other]
            assert max(abs(row - below), abs(column - right)) <= 3, (one, other)
    assert TILES["NO"][0] < TILES["IT"][0] < TILES["ZA"][0]
    assert TILES["US"][1] < TILES["FR"][1] < TILES["JP"][1]


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb`, as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, as WCAG 2 defines it."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_what_is_written_can_be_read_in_light_and_dark(comity: Command, policies: str) -> None:
    """Every text has a contrast of at least 4.5 with what it stands on."""
    style = draw(comity, policies).find(f"{SVG}style")
    assert style is not None
    light, dark = (style.text or "").split("@media")
    fills = dict(re.findall(r"\.([a-z-]+) \{ fill: (#[0-9a-f]{6})", light))
    for colours in (fills, fills | dict(re.findall(r"\.([a-z-]+) \{ fill: (#[0-9a-f]{6})", dark))):
        for ink, paper in (
            ("ink", "page"),
            ("faint", "page"),
            ("none-text", "none"),
            ("allow-text", "allow"),
            *(("on", effect) for effect in ("deny", "restrict", "verify", "warn")),
            *((f"{effect}-text", "part") for effect in ("deny", "restrict", "verify", "warn")),
        ):
            assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)
