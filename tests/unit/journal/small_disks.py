"""File systems that are really small: in memory, for whoever may mount them."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
_DETACH = 2


@contextmanager
def mounted(place: Path, size: int) -> Iterator[str]:
    """Mount a file system of `size` octets at `place`; yield why that can't be, or nothing."""
    place.mkdir()
    options = f"size={size}".encode()
    if LIBC.mount(b"tmpfs", os.fsencode(place), b"tmpfs", 0, options):
        yield f"a file system can't be mounted here: {os.strerror(ctypes.get_errno())}"
        return
    try:
        yield ""
    finally:
        LIBC.umount2(os.fsencode(place), _DETACH)
