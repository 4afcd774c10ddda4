"""Lint the contract, and compare it with the released one; `--release` keeps it as released.

Works without a network: protoc makes the image that buf reads, so buf resolves nothing itself.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import generate_protobuf
from google.protobuf.descriptor_pb2 import FileDescriptorSet

RELEASED = generate_protobuf.PROTO_ROOT / "released.binpb"
CURRENT = generate_protobuf.GENERATED / "descriptor.binpb"
# The image holds the files of others that the contract imports; they keep their own style.
# WIRE_JSON alone lets a method or a service disappear, which callers would notice.
CONFIG = """
version: v2
lint: {use: [STANDARD, COMMENTS], ignore: [google]}
breaking: {use: [WIRE_JSON, RPC_NO_DELETE, PACKAGE_SERVICE_NO_DELETE], ignore: [google]}
"""


def run_buf(*arguments: str) -> bool:
    """Run buf with a throw-away cache, print what it finds, and return whether it found nothing.

    Raises:
        SystemExit: buf is not installed.
    """
    buf = shutil.which("buf", path=str(Path(sys.executable).parent)) or shutil.which("buf")
    if buf is None:
        raise SystemExit("check_contract: buf is missing; run make setup-tests")  # noqa: TRY003, EM101
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "BUF_CACHE_DIR": scratch, "HOME": scratch}
        finished = subprocess.run(
            [buf, *arguments, "--config", CONFIG], env=environment, check=False, cwd=scratch
        )
    return finished.returncode == 0


def keep_as_released(current: Path, released: Path) -> None:
    """Write `current` to `released` without its comments, which break nothing."""
    image = FileDescriptorSet.FromString(current.read_bytes())
    for file in image.file:
        file.ClearField("source_code_info")
    released.write_bytes(image.SerializeToString(deterministic=True))


def main() -> int:
    """Return 0 if the contract is in style and keeps what was released."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--current", type=Path, default=CURRENT, help="image to check")
    parser.add_argument("--released", type=Path, default=RELEASED, help="image to compare with")
    parser.add_argument("--release", action="store_true", help="keep the contract as released")
    asked = parser.parse_args()
    if asked.current == CURRENT:
        generate_protobuf.main()
    current = asked.current.resolve()
    if not run_buf("lint", str(current)):
        return 1
    if asked.release:
        keep_as_released(current, asked.released)
        return 0
    if not run_buf("breaking", str(current), "--against", str(asked.released.resolve())):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
