"""What stands under the name of a policy file: bytes, or something that can't be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that can't be read, under a policy file's name or a folder's.

    Attributes:
        reason: why, a clause: `it is a directory`.
    """

    reason: str


FileContent = bytes | Unreadable
