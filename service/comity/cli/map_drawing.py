"""Draws tiles, panels of smaller tiles and a legend as one SVG file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, unescape

from comity.cli.world_tiles import COLUMNS, ROWS
from comity.domain.effect import Effect

_CELL: Final = 30  # distance between the corners of two tiles
_TILE: Final = 27  # side of a tile
_MARGIN: Final = 24
_HEAD: Final = 74  # height of the title above the world
_LINE: Final = 34  # distance between the lines of a panel
_CHIP: Final = 112  # width of the coloured part of a panel's tile
_ENTRY: Final = 350  # distance between the tiles of a panel
_MOST_LETTERS: Final = 38  # of a name beside a tile of a panel
_WIDTH: Final = 2 * _MARGIN + COLUMNS * _CELL
_PER_LINE: Final = (_WIDTH - 2 * _MARGIN) // _ENTRY
# Fills on which white text has a contrast of at least 4.5; told apart by marks as well.
_CLASSES: Final = {
    Effect.DENY: ("deny", "refused"),
    Effect.RESTRICT: ("restrict", "restricted"),
    Effect.VERIFY: ("verify", "verification"),
    Effect.WARN: ("warn", "notice"),
    Effect.ALLOW: ("allow", "no rule in force"),
}
_STYLE: Final = """
    text { font-family: system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
    .page { fill: #ffffff; } .ink { fill: #1b1f24; } .faint { fill: #57606a; }
    .title { font-size: 20px; font-weight: 600; }
    .small { font-size: 12px; } .name { font-size: 11px; }
    .head { font-size: 13px; font-weight: 600; } .code { font-size: 11px; font-weight: 600; }
    .none { fill: #f1f3f5; } .none-text { fill: #5b6470; }
    .on { fill: #ffffff; } .part { fill: #ffffff; stroke-width: 2.5; }
    .deny { fill: #a61b29; } .restrict { fill: #9a4a00; } .verify { fill: #1f5fa8; }
    .warn { fill: #6b5a00; } .allow { fill: #d3dae2; } .allow-text { fill: #3d4651; }
    .deny-line { stroke: #a61b29; } .restrict-line { stroke: #9a4a00; }
    .verify-line { stroke: #1f5fa8; } .warn-line { stroke: #6b5a00; }
    .deny-text { fill: #a61b29; } .restrict-text { fill: #9a4a00; }
    .verify-text { fill: #1f5fa8; } .warn-text { fill: #6b5a00; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #12161b; } .ink { fill: #e8ebee; } .faint { fill: #a3acb7; }
      .none { fill: #20262d; } .none-text { fill: #929ca8; } .part { fill: #12161b; }
      .allow { fill: #3a434e; } .allow-text { fill: #dde2e8; }
      .deny-line { stroke: #f2808a; } .restrict-line { stroke: #f0a35e; }
      .verify-line { stroke: #82b6f2; } .warn-line { stroke: #d9c45a; }
      .deny-text { fill: #f2808a; } .restrict-text { fill: #f0a35e; }
      .verify-text { fill: #82b6f2; } .warn-text { fill: #d9c45a; }
    }
"""


@dataclass(frozen=True, slots=True)
class Tile:
    """How one jurisdiction is drawn.

    Attributes:
        label: its code.
        text: what holds there, for whoever points at it or listens; empty without rules.
        effect: the strictest effect; None without a policy file.
        public: whether that effect meets the public, and not only some people or uses.
    """

    label: str
    text: str
    effect: Effect | None = None
    public: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """A map; texts are escaped already.

    Attributes:
        title: what it shows.
        subtitle: as of when.
        description: the whole map in words.
        world: row and column of each country with its tile.
        panels: headings with the tiles below them, each with a name beside it.
    """

    title: str
    subtitle: str
    description: str
    world: tuple[tuple[tuple[int, int], Tile], ...]
    panels: tuple[tuple[str, tuple[tuple[Tile, str], ...]], ...]

    def to_svg(self) -> str:
        """Return the map as an SVG file that needs nothing else."""
        top = _HEAD + ROWS * _CELL + 2 * _MARGIN
        panels, bottom = _draw_panels(self.panels, top)
        height = bottom + _MARGIN
        size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        named = 'role="img" aria-labelledby="title desc"'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {named}>',
            f'<title id="title">{self.title}</title>',
            f'<desc id="desc">{self.description}</desc>',
            f"<style>{_STYLE}</style>",
            f'<rect class="page" width="{_WIDTH}" height="{height}"/>',
            _text(_MARGIN, _MARGIN + 14, self.title, "ink title"),
            _text(_MARGIN, _MARGIN + 36, self.subtitle, "faint small"),
            *_legend(_HEAD + (ROWS - 6) * _CELL),
            *(
                line
                for (row, column), tile in self.world
                for line in _draw(tile, _MARGIN + column * _CELL, _HEAD + row * _CELL)
            ),
            *panels,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"


def _draw(tile: Tile, x: int, y: int, width: int = _TILE) -> Iterator[str]:
    """Yield a tile: filled if it meets the public, an outline if it meets some."""
    told = f"<title>{tile.text}</title>" if tile.text else ""
    label = f' role="img" aria-label="{_quoted(tile.text)}"' if tile.text else ""
    yield f"<g{label}>{told}"
    name = _CLASSES[tile.effect][0] if tile.effect is not None else "none"
    box = f'x="{x}" y="{y}" width="{width}" height="{_TILE}" rx="4"'
    ink = f"{name}-text"
    if tile.effect in (None, Effect.ALLOW):
        yield f'<rect class="{name}" {box}/>'
    elif tile.public:
        yield f'<rect class="{name}" {box}/>'
        ink = "on"
    else:
        inner = f'x="{x + 1.5}" y="{y + 1.5}" width="{width - 3}" height="{_TILE - 3}" rx="3"'
        yield f'<rect class="part {name}-line" {inner}/>'
    middle = x + width / 2
    baseline = y + _TILE / 2 + (1 if tile.effect else 4)
    yield _text(middle, baseline, tile.label, f"code {ink}", middle=True)
    yield from _marks(tile.effect, middle, y + _TILE - 7, ink)
    yield "</g>"


def _marks(effect: Effect | None, middle: float, y: float, ink: str) -> Iterator[str]:
    """Yield a dot for each step of strictness, so that colour is not all that tells."""
    count = int(effect or 0)
    for number in range(count):
        x = middle + (number - (count - 1) / 2) * 5
        yield f'<circle class="{ink}" cx="{x}" cy="{y}" r="1.6"/>'


def _legend(y: int) -> Iterator[str]:
    """Yield what the colours mean."""
    x = _MARGIN
    for number, (effect, (_, words)) in enumerate(_CLASSES.items()):
        yield from _draw(Tile("", "", effect, public=True), x, y + number * _CELL)
        beside = y + number * _CELL + 18
        if effect is Effect.ALLOW:
            yield _text(x + 70, beside, words, "ink small")
            continue
        yield from _draw(Tile("", "", effect), x + _CELL, y + number * _CELL)
        yield _text(x + 70, beside, words, "ink small")
    last = y + len(_CLASSES) * _CELL
    yield from _draw(Tile("", ""), x, last)
    yield _text(x + 70, last + 18, "no policy file", "ink small")
    yield _text(x, y - 12, "Filled: everybody. Outlined: some people or uses.", "faint small")


def _draw_panels(
    panels: Iterable[tuple[str, tuple[tuple[Tile, str], ...]]], top: int
) -> tuple[list[str], int]:
    """Return the panels, drawn below each other from `top`, and where they end."""
    lines: list[str] = []
    y = top
    for heading, tiles in panels:
        lines.append(_text(_MARGIN, y, heading, "ink head"))
        y += 12
        for number, (tile, name) in enumerate(tiles):
            x = _MARGIN + (number % _PER_LINE) * _ENTRY
            at = y + (number // _PER_LINE) * _LINE
            lines += _draw(tile, x, at, _CHIP)
            lines.append(_text(x + _CHIP + 8, at + 18, _short(name), "ink name"))
        y += -(-len(tiles) // _PER_LINE) * _LINE + 18
    return lines, y


def _text(x: float, y: float, words: str, classes: str, *, middle: bool = False) -> str:
    """Return a text that begins at a point, or has its middle there."""
    anchor = ' text-anchor="middle"' if middle else ""
    return f'<text class="{classes}" x="{x:g}" y="{y:g}"{anchor}>{words}</text>'


def _short(name: str) -> str:
    """Return a name that fits beside its tile; the tile tells the whole of it."""
    if len(unescape(name)) <= _MOST_LETTERS:
        return name
    return escape(unescape(name)[: _MOST_LETTERS - 1].rstrip()) + "…"


def _quoted(text: str) -> str:
    """Return an escaped text fit for an attribute in double quotes."""
    return text.replace('"', "&quot;")
