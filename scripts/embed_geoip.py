"""Rebuild the embedded GeoIP database from the pinned npm package.

Run from anywhere, with npm on the path:  python scripts/embed_geoip.py
To move to another release, change VERSION and INTEGRITY (`npm view NAME@VERSION dist.integrity`)
and run it; the package's licence files are to be read again each time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import lzma
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

PACKAGE: Final = "@ip-location-db/geo-whois-asn-country-mmdb"
VERSION: Final = "2.3.2026061719"
INTEGRITY: Final = (
    "sha512-xemBDNQl4mCYDuVbqe3jKGKsVDykZGkfvebhtOh/"
    "3VGLadq8vsp7t7ontpMUt3hH7sAGT0eLDyJ99SV+0waxZg=="
)
MEMBER: Final = "package/geo-whois-asn-country.mmdb"
LARGEST_BYTES: Final = 3_000_000
DATA: Final = Path(__file__).resolve().parent.parent / "service" / "comity" / "data"


def fetch_package(directory: Path) -> Path:
    """Download the pinned package into `directory` and return the path of its archive."""
    command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--ignore-scripts", "--silent"]
    subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    (archive,) = directory.glob("*.tgz")
    return archive


def read_database(archive: Path) -> bytes:
    """Return the database in `archive`, whose digest must be the pinned one."""
    content = archive.read_bytes()
    found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != INTEGRITY:
        sys.exit(f"{PACKAGE}@{VERSION} is not the pinned archive: {found}")
    with tarfile.open(archive) as tar:
        member = tar.extractfile(MEMBER)
        if member is None:
            sys.exit(f"{MEMBER} is not in {PACKAGE}@{VERSION}")
        return member.read()


def main() -> None:
    """Write the compressed database and its manifest."""
    with tempfile.TemporaryDirectory() as directory:
        database = read_database(fetch_package(Path(directory)))
    packed = lzma.compress(database, preset=9 | lzma.PRESET_EXTREME)
    if len(packed) > LARGEST_BYTES:
        sys.exit(f"{len(packed)} bytes compressed; the repository takes {LARGEST_BYTES}")
    manifest = {
        "package": PACKAGE,
        "version": VERSION,
        "integrity": INTEGRITY,
        "member": MEMBER,
        "size_bytes": len(database),
        "sha256": hashlib.sha256(database).hexdigest(),
    }
    (DATA / "geoip-country.mmdb.xz").write_bytes(packed)
    (DATA / "geoip-country.json").write_text(json.dumps(manifest, indent=2) + "\n")
    sys.stdout.write(f"{len(packed)} bytes, sha256 {manifest['sha256']}\n")


if __name__ == "__main__":
    main()
