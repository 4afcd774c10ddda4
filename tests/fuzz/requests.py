"""Sends a million random and mutated requests to a real server, new ones in every run.

Takes some 20 minutes on two cores. Run with `python tests/fuzz/requests.py [REQUESTS] [SEED]`, or
set `COMITY_FUZZ_REQUESTS`. Fails if a call ends as none may, if the server reports a defect or
another worker had to take over, if its memory grows, or if it doesn't answer a good question
afterwards. The seed repeats a run.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from integration.server_process import ServerProcess
from unit.grpc_api.noisy_calls import EXPECTED, METHODS, send

POLICIES = Path(__file__).parents[2] / "policies"
DEFAULT_REQUESTS = 1_000_000
ROUNDS = 20
WARM_UP_ROUNDS = 4
MOST_GROWTH_BYTES = 64 << 20
GOOD = "/comity.v1.PolicyService/GetRevision"


def fuzz(server: ServerProcess, requests: int, seed: int) -> list[str]:
    """Send the requests in rounds, telling of each; return what went wrong."""
    worker = server.worker()
    share = -(-requests // (ROUNDS * len(METHODS)))
    ends: Counter[str] = Counter()
    resident: list[int] = []
    started = time.monotonic()
    with server.channel() as channel:
        for number in range(ROUNDS):
            for method in METHODS:
                ends += send(channel, method, seed + number, share)
            resident.append(worker.memory_info().rss)
            rate = ends.total() / (time.monotonic() - started)
            print(f"{ends.total():>9} sent, {rate:,.0f}/s, {resident[-1] >> 20} MB", flush=True)
        reply = channel.unary_unary(GOOD)(b"", timeout=10)
    print("  ".join(f"{code} {count}" for code, count in ends.most_common()))
    wrong = [f"{ends[code]} calls ended with {code}" for code in sorted(set(ends) - EXPECTED)]
    wrong += [f"none ended with {code}" for code in ("OK", "INVALID_ARGUMENT") if not ends[code]]
    wrong += [f"defect: {e.get('exception', e)}" for e in server.log if e["event"] == "defect"][:5]
    if not worker.is_running() or server.worker() != worker:
        wrong.append("the worker died")
    if not reply:
        wrong.append("no good answer afterwards")
    growth = resident[-1] - max(resident[:WARM_UP_ROUNDS])
    if growth > MOST_GROWTH_BYTES:
        wrong.append(f"memory grew by {growth >> 20} MB")
    return wrong


def main(arguments: list[str]) -> int:
    """Fuzz a server; return 1 if something went wrong."""
    given = arguments[0] if arguments else os.environ.get("COMITY_FUZZ_REQUESTS", "")
    requests = int(given or DEFAULT_REQUESTS)
    seed = int(arguments[1]) if len(arguments) > 1 else secrets.randbelow(2**40)
    print(f"{requests} requests, from seed {seed}", flush=True)
    with (
        tempfile.TemporaryDirectory() as home,
        ServerProcess(Path(home), policies=POLICIES) as server,
    ):
        wrong = fuzz(server, requests, seed)
    for what in wrong:
        print(f"FAILED: {what}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
