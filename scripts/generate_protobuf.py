"""Generate the Python modules of the contract into service/comity/v1/; nothing if up to date.

Besides the modules it writes `descriptor.binpb`, the contract with all imports and comments, which
the contract checks and the tests read.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTO_ROOT = ROOT / "proto"
SERVICE_ROOT = ROOT / "service"
GENERATED = SERVICE_ROOT / "comity" / "v1"
STAMP = GENERATED / ".inputs"
TOOLS = ("grpcio-tools", "mypy-protobuf", "googleapis-common-protos")


def inputs() -> list[Path]:
    """Return the files of the contract, sorted."""
    return sorted((PROTO_ROOT / "comity" / "v1").glob("*.proto"))


def fingerprint() -> str:
    """Return a digest of everything that the generated code depends on."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for tool in TOOLS:
        digest.update(f"{tool} {importlib.metadata.version(tool)}\n".encode())
    for path in inputs():
        digest.update(f"{path.name}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_up_to_date(wanted: str) -> bool:
    """Return whether the last complete generation had the same inputs."""
    try:
        return STAMP.read_text(encoding="ascii") == wanted
    except OSError:
        return False


def generate() -> None:
    """Run protoc.

    Raises:
        SystemExit: protoc found mistakes, which it has printed.
    """
    import google.rpc
    import grpc_tools
    from grpc_tools import protoc

    well_known = Path(grpc_tools.__file__).parent / "_proto"
    googleapis = Path(next(iter(google.rpc.__path__))).parent.parent
    # protoc starts the mypy plugins by name; they stand beside the interpreter.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    GENERATED.mkdir(parents=True, exist_ok=True)
    status = protoc.main(
        [
            "protoc",
            f"-I{PROTO_ROOT}",
            f"-I{well_known}",
            f"-I{googleapis}",
            f"--python_out={SERVICE_ROOT}",
            f"--grpc_python_out={SERVICE_ROOT}",
            f"--mypy_out=quiet:{SERVICE_ROOT}",
            f"--mypy_grpc_out=quiet:{SERVICE_ROOT}",
            f"--descriptor_set_out={GENERATED / 'descriptor.binpb'}",
            "--include_imports",
            "--include_source_info",
            *(str(path) for path in inputs()),
        ]
    )
    if status != 0:
        raise SystemExit(status)
    package = GENERATED / "__init__.py"
    package.write_text('"""Generated from proto/comity/v1; do not edit."""\n', encoding="utf-8")


def remove_stale() -> None:
    """Remove modules of contract files that no longer exist."""
    stems = tuple(f"{path.stem}_pb2" for path in inputs())
    for path in GENERATED.glob("*_pb2*"):
        if not path.name.startswith(stems):
            path.unlink()


def main() -> None:
    """Bring service/comity/v1/ up to date."""
    wanted = fingerprint()
    if is_up_to_date(wanted):
        return
    generate()
    remove_stale()
    # The stamp comes last and at once, so that an interrupted run is repeated.
    with tempfile.NamedTemporaryFile("w", dir=GENERATED, delete=False, encoding="ascii") as file:
        file.write(wanted)
    Path(file.name).replace(STAMP)


if __name__ == "__main__":
    main()
