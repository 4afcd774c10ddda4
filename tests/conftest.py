"""What holds for every test."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog


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
