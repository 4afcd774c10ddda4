"""The compiled form of policies, as one process hands it to another of the same server.

Unpickling it takes a tenth of the time of compiling the files. It is for the line between a
supervisor and the workers that it started, never for what comes from elsewhere: a pickle can do
anything. The engine is not part of it: building it anew takes as long as unpickling it.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from pathlib import Path
from typing import Final

import comity
from comity.policy.bundle import Bundle
from comity.policy.yaml_nodes import paused_collector

_MAGIC: Final = b"comity compiled policies 1\n"
_DIGEST_BYTES: Final = 32
_HEADER_BYTES: Final = len(_MAGIC) + 2 * _DIGEST_BYTES
_CODE_IN_IT: Final = ("domain", "policy")


class CompiledFormError(Exception):
    """A compiled form can't be used: it is damaged, or of other code or other policies."""


def write_compiled(bundle: Bundle, code: bytes) -> bytes:
    """Return the compiled form of `bundle`, for processes that run the same `code`."""
    content = pickle.dumps(bundle, pickle.HIGHEST_PROTOCOL)
    return b"".join((_MAGIC, code, hashlib.sha256(content).digest(), content))


def read_compiled(form: bytes, digest: str, code: bytes) -> Bundle:
    """Return the bundle of a compiled form.

    Args:
        form: what `write_compiled` gave.
        digest: digest that the bundle must have.
        code: the code of this process.

    Raises:
        CompiledFormError: the form is damaged, comes from other code, or is of other policies.
    """
    header, content = form[:_HEADER_BYTES], form[_HEADER_BYTES:]
    if not header.startswith(_MAGIC + code):
        message = "the compiled policies come from other code"
        raise CompiledFormError(message)
    if header[-_DIGEST_BYTES:] != hashlib.sha256(content).digest():
        message = "the compiled policies are damaged"
        raise CompiledFormError(message)
    with paused_collector():
        bundle = pickle.loads(content)  # noqa: S301 - from our own supervisor, and not damaged
    if not isinstance(bundle, Bundle) or bundle.digest != digest:
        message = "the compiled policies are others than those announced"
        raise CompiledFormError(message)
    return bundle


def digest_code() -> bytes:
    """Return the SHA-256 of the code that a compiled form depends on.

    It is that of the files as they are now, so take it when the process starts: a package that is
    exchanged under a running supervisor gives workers that don't take its compiled form.
    """
    digest = hashlib.sha256(sys.version.encode())
    root = Path(comity.__path__[0])
    for path in sorted(path for part in _CODE_IN_IT for path in (root / part).rglob("*.py")):
        digest.update(f"\n{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.digest()
