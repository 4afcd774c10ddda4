"""Modules and functions stay short enough to be read in one go."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "service" / "comity"
GENERATED = PACKAGE / "v1"
MOST_LINES_A_MODULE = 300
MOST_LINES_A_FUNCTION = 40


def modules() -> Iterator[Path]:
    """Yield the modules of the package that people write."""
    return (path for path in sorted(PACKAGE.rglob("*.py")) if GENERATED not in path.parents)


def too_long(path: Path, text: str) -> Iterator[str]:
    """Yield the module if it is too long, and each function in it that is, docstring included."""
    lines = len(text.splitlines())
    if lines > MOST_LINES_A_MODULE:
        yield f"{path} has {lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MOST_LINES_A_FUNCTION:
                yield f"{path}:{node.lineno} {node.name} has {length} lines"


def test_no_module_and_no_function_is_long() -> None:
    """A longer one wants to be parted."""
    texts = {path: path.read_text(encoding="utf-8") for path in modules()}
    assert len(texts) > 100
    found = [
        one for path, text in texts.items() for one in too_long(path.relative_to(PACKAGE), text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (39, []),
        (40, ["m.py:2 f has 41 lines"]),
        (300, ["m.py has 302 lines", "m.py:2 f has 301 lines"]),
    ],
)
def test_what_is_long_is_found(lines: int, found: list[str]) -> None:
    """In methods as well, and async ones."""
    for head in ("def f():", "async def f():"):
        text = f"class C:\n    {head}\n" + "        pass\n" * lines
        assert list(too_long(Path("m.py"), text)) == found
