"""The chart of a run."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from bench.throughput.chart import DARK, LIGHT, draw, style
from unit.bench.figures import results_of, results_of_a_run

SVG = "{http://www.w3.org/2000/svg}"


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours.

    Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
    """

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def bars(svg: str) -> list[float]:
    """Return the lengths of the bars."""
    rectangles = ET.fromstring(svg).iter(f"{SVG}rect")
    return [float(one.attrib["width"]) for one in rectangles if one.attrib["class"] != "paper"]


def test_bars_are_as_long_as_their_medians() -> None:
    bare, hit = bars(draw(results_of(bare=[1000.0], hit=[250.0])))
    assert hit / bare == pytest.approx(0.25, abs=0.01)


def test_all_that_is_drawn_lies_within_the_picture() -> None:
    root = ET.fromstring(draw(results_of_a_run()))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for element in root.iter():
        assert 0 <= float(element.attrib.get("x", 0)) <= width
        assert 0 <= float(element.attrib.get("y", 0)) <= height


def test_what_was_not_measured_is_not_drawn() -> None:
    assert "Cerbos" not in draw(results_of_a_run())
    assert bars(draw(results_of())) == []


def test_growth_is_drawn_from_few_rules_to_many() -> None:
    svg = draw(results_of(rules_1000_unary_hit=[1.0], rules_100_unary_hit=[2.0]))
    assert svg.index(">100 rules<") < svg.index(">1,000 rules<")


def test_it_needs_nothing_else_and_says_in_words_what_it_shows() -> None:
    svg = draw(results_of_a_run())
    assert re.findall(r"(?:href|src|url|@import)[^a-z]", svg) == []
    description = ET.fromstring(svg).findtext(f"{SVG}desc")
    assert description is not None
    assert "Comity, facts never seen 400" in description
    assert "Some &amp; Other" in svg


def test_it_tells_how_much_other_programs_took() -> None:
    results = results_of_a_run()
    assert "Other programs" not in draw(results)
    results.about["others"] = "59% of the processors' time"
    assert "Other programs took 59% of the processors" in draw(results)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_text_and_bars_stand_out_in_light_and_dark(colours: dict[str, str]) -> None:
    paper = colours[".paper"]
    for name in (".ink", ".faint"):
        assert contrast(colours[name], paper) >= 4.5, name
    for name in (".ours", ".others", ".base"):
        assert contrast(colours[name], paper) >= 2.5, name


def test_the_colours_follow_what_the_reader_prefers() -> None:
    before, _, after = style().partition("@media (prefers-color-scheme: dark)")
    assert LIGHT[".paper"] in before
    assert DARK[".paper"] in after
