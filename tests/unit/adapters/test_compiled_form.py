"""The compiled form of policies between the processes of a server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from comity.adapters.compiled_form import (
    CompiledFormError,
    digest_code,
    read_compiled,
    write_compiled,
)
from comity.policy.compiling.compilation import compile_policies
from unit.grpc_api.small_world import BUNDLE, DIGEST

CODE = digest_code()
FORM = write_compiled(BUNDLE, CODE)
POLICIES = Path(__file__).parents[3] / "policies"


def test_what_was_written_is_read() -> None:
    """The bundle comes back as it was."""
    assert read_compiled(FORM, DIGEST, CODE) == BUNDLE


def test_the_policies_of_the_repository_survive() -> None:
    """All kinds of rules that they have, to the last field."""
    files = {str(p.relative_to(POLICIES)): p.read_bytes() for p in POLICIES.rglob("*.yaml")}
    bundle = compile_policies(files, datetime.now(UTC).date()).bundle
    assert bundle is not None
    assert read_compiled(write_compiled(bundle, CODE), bundle.digest, CODE) == bundle


@pytest.mark.parametrize("place", [0, 30, 60, 90, 100, len(FORM) // 2, len(FORM) - 1])
def test_a_damaged_form_is_refused(place: int) -> None:
    """Wherever a bit is wrong."""
    damaged = bytearray(FORM)
    damaged[place] ^= 1
    with pytest.raises(CompiledFormError):
        read_compiled(bytes(damaged), DIGEST, CODE)


@pytest.mark.parametrize("length", [0, 10, 40, 80, len(FORM) - 1])
def test_a_form_that_is_cut_short_is_refused(length: int) -> None:
    """Nothing at all included."""
    with pytest.raises(CompiledFormError):
        read_compiled(FORM[:length], DIGEST, CODE)


def test_a_form_of_other_code_or_other_policies_is_refused() -> None:
    """It may mean something else."""
    with pytest.raises(CompiledFormError, match="other code"):
        read_compiled(write_compiled(BUNDLE, bytes(32)), DIGEST, CODE)
    with pytest.raises(CompiledFormError, match="others than those"):
        read_compiled(FORM, "cd" * 32, CODE)
