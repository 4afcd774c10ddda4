"""The contract check finds what it is there to find."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import comity.v1
import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "check_contract.py"
IMAGE = Path(comity.v1.__file__).parent / "descriptor.binpb"


def check(current: Path) -> subprocess.CompletedProcess[str]:
    """Run the check on an image, as `make test` does, with no home directory and no network."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), "--current", str(current)],
        env={"HOME": "", "PATH": "/usr/bin:/bin", "https_proxy": "http://localhost:9"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def file_named(image: FileDescriptorSet, name: str) -> FileDescriptorProto:
    """Return a file of the contract."""
    return next(file for file in image.file if file.name == f"comity/v1/{name}.proto")


def message_named(image: FileDescriptorSet, file: str, name: str) -> DescriptorProto:
    """Return a message of the contract."""
    return next(m for m in file_named(image, file).message_type if m.name == name)


def rename_field(image: FileDescriptorSet) -> None:
    message_named(image, "facts", "Facts").field[0].name = "deed"


def renumber_field(image: FileDescriptorSet) -> None:
    message_named(image, "facts", "Label").field[0].number = 9


def retype_field(image: FileDescriptorSet) -> None:
    field = message_named(image, "common", "PolicyRevision").field[0]
    field.type = field.TYPE_STRING


def remove_method(image: FileDescriptorSet) -> None:
    del file_named(image, "eligibility_service").service[0].method[2]


def break_style(image: FileDescriptorSet) -> None:
    file_named(image, "eligibility_service").service[0].name = "Eligibility"


def drop_comments(image: FileDescriptorSet) -> None:
    for location in file_named(image, "facts").source_code_info.location:
        location.leading_comments = ""


def test_the_contract_passes() -> None:
    """The contract is in style and keeps what was released."""
    found = check(IMAGE)
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (rename_field, 'changed name from "action" to "deed"'),
        (renumber_field, 'Previously present field "1" with name "name"'),
        (retype_field, 'changed type from "uint64" to "string"'),
        (remove_method, 'RPC "ListRestrictions" on service "EligibilityService" was deleted'),
        (break_style, 'should be suffixed with "Service"'),
        (drop_comments, "should have a non-empty comment"),
    ],
)
def test_a_fault_is_found(
    change: Callable[[FileDescriptorSet], None], finding: str, tmp_path: Path
) -> None:
    """A broken promise, a break of style and a missing comment each fail the check."""
    image = FileDescriptorSet.FromString(IMAGE.read_bytes())
    change(image)
    changed = tmp_path / "image.binpb"
    changed.write_bytes(image.SerializeToString())
    found = check(changed)
    assert found.returncode == 1
    assert finding in found.stdout
