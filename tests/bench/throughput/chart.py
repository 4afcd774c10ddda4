"""A chart of a run, as an SVG that needs nothing else and is legible in light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from bench.throughput.results import Results, Row
from bench.throughput.table import number

WIDTH, MARGIN, LABELS, FIGURES = 960, 24, 250, 190
LINE, BAR, HEAD, GAP = 30, 18, 44, 18
FONTS = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
OURS, OTHERS, BASE = "ours", "others", "base"
LIGHT = {
    ".paper": "#ffffff",
    ".ink": "#1b2330",
    ".faint": "#5b6675",
    ".ours": "#2f6fb3",
    ".others": "#b3692f",
    ".base": "#9aa4b2",
}
DARK = {
    ".paper": "#14181f",
    ".ink": "#e8edf4",
    ".faint": "#a3adbb",
    ".ours": "#6aa9ea",
    ".others": "#e09a5f",
    ".base": "#778292",
}


def style() -> str:
    """Return the colours, which follow what the reader prefers."""
    light, dark = (_rules(colours) for colours in (LIGHT, DARK))
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"


def _rules(colours: Mapping[str, str]) -> str:
    """Return rules of CSS; lines are drawn in the colour of what is beside them."""
    fills = [f"{name} {{ fill: {colour} }}" for name, colour in colours.items()]
    ink, faint = colours[".ink"], colours[".faint"]
    return "\n".join([*fills, f".spread {{ stroke: {ink} }}", f".axis {{ stroke: {faint} }}"])


@dataclass(frozen=True)
class Panel:
    """Bars that share a scale.

    Attributes:
        title: what they are of.
        unit: unit of the figures.
        bars: of each the row, its label and its colour.
    """

    title: str
    unit: str
    bars: Sequence[tuple[str, str, str]]


def growth_bars(results: Results, suffix: str) -> list[tuple[str, str, str]]:
    """Return a bar for each number of rules."""
    names = [n for n in results.rows if n.startswith("rules_") and n.endswith(suffix)]
    sizes = sorted(int(name.removeprefix("rules_").removesuffix(suffix)) for name in names)
    return [(f"rules_{size}{suffix}", f"{size:,} rules", OURS) for size in sizes]


def panels(results: Results) -> list[Panel]:
    """Return what is drawn."""
    return [
        Panel(
            "One question a call, calls a second on one core",
            "calls/s",
            [
                ("bare", "bare grpcio, no-op", BASE),
                ("hit", "Comity, facts seen before", OURS),
                ("silent_hit", "the same, journal off", OURS),
                ("cold", "Comity, facts never seen", OURS),
                ("cerbos", "Cerbos, untraced", OTHERS),
            ],
        ),
        Panel(
            "50 questions a call, decisions a second on one core",
            "decisions/s",
            [
                ("batch", "Comity", OURS),
                ("silent_batch", "the same, journal off", OURS),
                ("cerbos_batch", "Cerbos, untraced", OTHERS),
            ],
        ),
        Panel(
            "Latency at half of Comity's load, 99 of 100 calls, from when a call was due",
            "µs",
            [
                ("bare_half_p99", "bare grpcio, no-op", BASE),
                ("half_p99", "Comity, facts seen before", OURS),
            ],
        ),
        Panel("More rules, facts seen before", "calls/s", growth_bars(results, "_unary_hit")),
    ]


def draw(results: Results) -> str:
    """Return the chart. What was not measured is left out."""
    parts: list[str] = []
    top = MARGIN
    for panel in panels(results):
        bars = [
            (results.rows[n], label, kind) for n, label, kind in panel.bars if n in results.rows
        ]
        if bars:
            parts += _draw_panel(panel, bars, top)
            top += HEAD + LINE * len(bars) + GAP
    height = top + MARGIN
    told = f"Measured {results.about.get('when', '')}, {results.about.get('processor', '')}. "
    told += "Bars are medians, lines the lowest and highest repetition."
    if "others" in results.about:
        told += f" Other programs took {results.about['others']}."
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
            f'font-family="{FONTS}" font-size="14" role="img" aria-labelledby="t d">',
            '<title id="t">What a decision costs</title>',
            f'<desc id="d">{escape(_describe(results))}</desc>',
            f"<style>\n{style()}\n</style>",
            f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
            *parts,
            f'<text class="faint" x="{MARGIN}" y="{height - MARGIN}" font-size="12">',
            f"{escape(told)}</text>",
            "</svg>",
            "",
        ]
    )


def _draw_panel(panel: Panel, bars: Sequence[tuple[Row, str, str]], top: int) -> Iterator[str]:
    """Yield the elements of a panel whose upper edge is at `top`."""
    left, room = MARGIN + LABELS, WIDTH - 2 * MARGIN - LABELS - FIGURES
    longest = max(row.spread.most for row, _, _ in bars)
    bottom = top + HEAD + LINE * len(bars) - (LINE - BAR)
    yield (
        f'<text class="ink" x="{MARGIN}" y="{top + 20}" font-size="16" font-weight="600">'
        f"{escape(panel.title)}</text>"
    )
    yield f'<path class="axis" d="M{left} {top + HEAD - 8}V{bottom + 6}" fill="none"/>'
    for position, (row, label, kind) in enumerate(bars):
        y = top + HEAD + LINE * position
        spread = row.spread
        ends = [left + room * value / longest for value in (spread.least, spread.most)]
        width = room * spread.median / longest
        middle = y + BAR / 2
        yield (
            f'<text class="ink" x="{left - 12}" y="{y + 14}" text-anchor="end">'
            f"{escape(label)}</text>"
        )
        yield f'<rect class="{kind}" x="{left}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>'
        if len(row.values) > 1:
            yield (
                f'<path class="spread" stroke-width="1.5" fill="none" '
                f'd="M{ends[0]:.1f} {middle}H{ends[1]:.1f}M{ends[0]:.1f} {y + 4}v10'
                f'M{ends[1]:.1f} {y + 4}v10"/>'
            )
        at = left + room * max(spread.most, spread.median) / longest + 10
        figure = escape(f"{number(spread.median)} {panel.unit}")
        yield f'<text class="ink" x="{at:.1f}" y="{y + 14}">{figure}</text>'


def _describe(results: Results) -> str:
    """Return the chart in words, for who can't see it."""
    told = [
        f"{panel.title}: "
        + ", ".join(
            f"{label} {number(results.rows[name].spread.median)}"
            for name, label, _ in panel.bars
            if name in results.rows
        )
        for panel in panels(results)
    ]
    return ". ".join(told) + "."
