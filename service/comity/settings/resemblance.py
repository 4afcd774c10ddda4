"""Which setting somebody meant who wrote a name that is none."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

# Below it, names have no more in common than any two words have.
_ALIKE: Final = 0.7


def setting_meant(written: str, names: Iterable[str]) -> str | None:
    """Return which of `names` was meant by `written`, without prefix; None if that can't be told.

    It is the name that is spelled nearly so, else the only one that has every word of what was
    written, perhaps cut short: `tls_cert` is `tls_certificate`.
    """
    known = sorted(names)
    name = written.lower().replace("-", "_")
    alike = difflib.get_close_matches(name, known, n=1, cutoff=_ALIKE)
    if alike:
        return alike[0]
    words = [word for word in name.split("_") if word]
    fitting = [candidate for candidate in known if _has_words(candidate, words)]
    return fitting[0] if len(fitting) == 1 else None


def _has_words(name: str, words: list[str]) -> bool:
    """Return whether each of `words`, at least one, begins a word of `name`."""
    own = name.split("_")
    return bool(words) and all(any(part.startswith(word) for part in own) for word in words)
