"""What holds for every test."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator

import pytest
import structlog

EXAMPLES = "examples of "
"""How the names of properties begin under which tests record how many examples they tried."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with tests that start processes, which take longest: else one would be left for last.

    Otherwise the order stays as it was, that is random.
    """
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many examples were tried of what, by all processes together."""
    tried: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, count in report.user_properties:
            if name.startswith(EXAMPLES):
                tried[name.removeprefix(EXAMPLES)] += int(str(count))
    if tried:
        told = ", ".join(f"{name} {count:,}" for name, count in sorted(tried.items()))
        terminalreporter.write_line(f"examples tried: {told}")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Set logging back after a test whose command has set it up for its process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    if root.level != level or root.handlers != handlers:
        root.handlers = handlers
        root.setLevel(level)
        structlog.reset_defaults()
