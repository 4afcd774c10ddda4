"""Prints how long look-ups take; run with `python tests/bench/lookup_speed.py [--json]`.

Addresses are drawn at random, so that the processor's caches are as cold as in service. The bare
maxminddb look-up in the first row is what the others are compared with.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterable
from importlib.resources import files
from io import BytesIO
from ipaddress import IPv4Address, IPv6Address
from lzma import decompress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.tables import Figure, report
from comity.adapters.geoip import MaxMindPlaceLookup
from comity.adapters.geoip.database import open_database
from comity.adapters.phone import LibphonenumberPhoneLookup

COUNT = 100_000
PHONE_COUNT = 5_000
DATA = Path(__file__).parents[1] / "data" / "geoip"


def time_each(call: Callable[[str], object], arguments: Iterable[str]) -> float:
    """Return the microseconds that one call takes on average."""
    drawn = list(arguments)
    begin = time.perf_counter()
    for argument in drawn:
        call(argument)
    return (time.perf_counter() - begin) / len(drawn) * 1e6


def main(arguments: list[str]) -> int:
    """Measure and print the table."""
    chosen = random.Random(1)
    ipv4 = [str(IPv4Address(chosen.randrange(1 << 24, 223 << 24))) for _ in range(COUNT)]
    ipv6 = [
        str(IPv6Address((chosen.randrange(0x2A00, 0x2A10) << 112) | chosen.getrandbits(112)))
        for _ in range(COUNT)
    ]
    mapped = [f"::ffff:{ip}" for ip in ipv4]
    private = [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}" for i in range(COUNT)]
    phones = [f"+4474{chosen.randrange(10**8):08}" for _ in range(PHONE_COUNT)]

    begin = time.perf_counter()
    embedded = MaxMindPlaceLookup()
    start_ms = (time.perf_counter() - begin) * 1e3
    city = MaxMindPlaceLookup(
        DATA / "GeoIP2-City-Test.mmdb", DATA / "GeoIP2-Anonymous-IP-Test.mmdb"
    )
    packed = (files("comity") / "data" / "geoip-country.mmdb.xz").read_bytes()
    bare = open_database(BytesIO(decompress(packed)), "embedded").reader
    rows = {
        "bare maxminddb, IPv4": time_each(bare.get, ipv4),
        "embedded, IPv4": time_each(embedded.locate, ipv4),
        "embedded, IPv6": time_each(embedded.locate, ipv6),
        "embedded, IPv4-mapped": time_each(embedded.locate, mapped),
        "embedded, private": time_each(embedded.locate, private),
        "City record + Anonymous IP": time_each(city.locate, ["81.2.69.160"] * COUNT),
        "phone number, shared code": time_each(LibphonenumberPhoneLookup().country_of, phones),
    }
    base = rows["bare maxminddb, IPv4"]
    figures = [Figure(name, each, "us") for name, each in rows.items()]
    figures += [
        Figure(f"{name} / bare", each / base) for name, each in rows.items() if each != base
    ]
    figures.append(Figure("embedded database opened", start_ms, "ms"))
    return report("look-ups of places and phone numbers", figures, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
