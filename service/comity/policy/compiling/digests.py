"""Identity of a set of policy files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

# Raised when the same files come to mean something else.
GRAMMAR_VERSION: Final = 1


def digest_files(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of grammar version, paths and contents, as 64 hexadecimal digits.

    The order of `files` does not matter. The version of the time zone data is not part of it;
    a bundle records it beside the digest.
    """
    digest = hashlib.sha256(f"comity policy files, grammar {GRAMMAR_VERSION}\n".encode())
    for path in sorted(files):
        # A path holds no line break, so lines of (hash, path) can't be read in two ways.
        digest.update(f"{hashlib.sha256(files[path]).hexdigest()} {path}\n".encode())
    return digest.hexdigest()
