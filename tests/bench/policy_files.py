"""Prints what it takes to read, compile and load 10,000 rules from policy files, and their memory.

Run with `python tests/bench/policy_files.py [--json]`. The rules are written as lawyers write them,
some 40 to a country, beside the vocabulary and the other files of `policies/`. Memory is what a
process of its own holds at the end and what it held at most.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import psutil
import pycountry

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.tables import Figure, report
from comity.policy.compiling.compilation import compile_policies
from comity.policy.documents.loading import read_documents
from comity.policy.engine import Engine
from comity.policy.yaml_nodes import paused_collector

POLICIES = Path(__file__).parents[2] / "policies"
SHARED = ("vocabulary.yaml", "groups.yaml", "desks.yaml", "platform.yaml", "conflicts.yaml")
RULES = 10_000
MEASURE = "--measure"
POPULATIONS = ("minister", "civil_servant", "military", "critical_infrastructure", "contractor")
PRODUCTS = ("telegram", "signal", "whatsapp", "messaging")
FACTORS = ("presence", "residence", "works_for", "nationality")
ACTIONS = ("message_send", "message_read", "search", "channel_read")
EFFECTS = (
    "deny",
    "{verify: employer}",
    "{restrict: calls}",
    "[{restrict: calls}, {verify: employer}]",
)

Result = TypeVar("Result")


def write_rule(chance: random.Random, country: str, number: int) -> str:
    """Return one rule as a lawyer writes it."""
    year = chance.randint(2015, 2025)
    atoms = [
        f"connected_by: {chance.choice(FACTORS)}",
        f"population: [{', '.join(chance.sample(POPULATIONS, 2))}]",
        f"product: {chance.choice(PRODUCTS)}",
        f"action: [call, {chance.choice(ACTIONS)}]",
    ]
    if chance.random() < 0.3:
        atoms.append("device: official")
    if chance.random() < 0.2:
        atoms.append(f"age: {{below: {chance.choice((13, 14, 16, 18))}}}")
    end = f", until: {year + 3}-06-01" if chance.random() < 0.3 else ""
    lines = [
        f"  - id: {country.lower()}-{number}",
        f"    title: Rule number {number} on messaging services",
        f"    effect: {chance.choice(EFFECTS)}",
        f"    applies_to: {{{', '.join(atoms)}}}",
        f"    in_force: [{{from: {year}-0{chance.randint(1, 9)}-15{end}}}]",
        "    authority: Ministry of Digital Affairs",
        "    source: {use: gazette, pinpoint: section 4 (2)}",
        f"    recorded_at: {year}-01-10",
    ]
    if chance.random() < 0.4:
        lines.insert(4, "    except: [{item: official_channel}]")
    return "\n".join(lines)


def write_file(country: str, count: int) -> str:
    """Return the file of a country, with so many rules."""
    chance = random.Random(country)
    rules = (write_rule(chance, country, number) for number in range(count))
    return "\n".join(
        [
            f"jurisdiction: {country}",
            "timezone: UTC",
            "sources:",
            "  gazette: {title: Official gazette}",
            "restrictions:",
            *rules,
            "",
        ]
    )


def write_scenarios(country: str) -> str:
    """Return the least that a file must show."""
    return (
        "given: {at: 2025-10-01T12:00:00Z, product: telegram, action: account_use}\n"
        f"scenarios: [{{name: nothing is said of {country}, expect: allow}}]\n"
    )


def write_files() -> dict[str, bytes]:
    """Return policy files with 10,000 rules."""
    files = {name: (POLICIES / name).read_bytes() for name in SHARED}
    files |= {f"lists/{p.name}": p.read_bytes() for p in (POLICIES / "lists").glob("*.yaml")}
    countries = sorted(country.alpha_2 for country in pycountry.countries)
    each, more = divmod(RULES, len(countries))
    for position, country in enumerate(countries):
        text = write_file(country, each + (position < more))
        files[f"jurisdictions/{country.lower()}.yaml"] = text.encode()
        files[f"tests/{country.lower()}_test.yaml"] = write_scenarios(country).encode()
    return files


def timed(call: Callable[[], Result]) -> tuple[Result, float]:
    """Return what `call` returns and the seconds that it took."""
    start = time.perf_counter()
    found = call()
    return found, time.perf_counter() - start


def measure() -> dict[str, float]:
    """Return the measurements of this process."""
    files = write_files()
    process = psutil.Process()
    before = process.memory_info().rss
    _, reading = timed(lambda: read_documents(files))
    compilation, compiling = timed(lambda: compile_policies(files, datetime.now(UTC).date()))
    if compilation.bundle is None:
        wrong = "\n".join(str(problem) for problem in compilation.problems[:5])
        message = f"the generated files don't compile:\n{wrong}"
        raise RuntimeError(message)
    rules = compilation.bundle.eligibility
    with paused_collector():  # as the server does
        engine, building = timed(lambda: Engine(rules))
    held = process.memory_info().rss - before
    del engine
    return {
        "octets": sum(map(len, files.values())),
        "rules": len(rules.rules),
        "reading": reading,
        "compiling": compiling,
        "building": building,
        "held": held,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def main(arguments: list[str]) -> int:
    """Print the table, or in a process of its own the measurements."""
    if arguments == [MEASURE]:
        sys.stdout.write(json.dumps(measure()))
        return 0
    command = [sys.executable, __file__, MEASURE]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    compiling = found["compiling"] - found["reading"]
    return report(
        f"{found['rules']:,} rules from policy files",
        [
            Figure("files", found["octets"] / 1e6, "MB"),
            Figure("read: text to documents", found["reading"], "s"),
            Figure("compile: documents to bundle", max(0.0, compiling), "s"),
            Figure("load: bundle to engine", found["building"], "s"),
            Figure("memory held", found["held"] / 1e6, "MB"),
            Figure("memory at most", found["peak"] / 1e6, "MB"),
            Figure(
                "read and compile, a thousand rules",
                found["compiling"] / found["rules"] * 1e6,
                "ms",
            ),
        ],
        arguments,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
