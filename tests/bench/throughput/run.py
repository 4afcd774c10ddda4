"""One run: all servers, all loads, one after the other."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bench.throughput import bare, cerbos_form, comity_form, h2load, libraries
from bench.throughput.arrivals import Waited, compare_goodputs, compare_latencies
from bench.throughput.drawing import draw_known, draw_mixed, draw_norms, draw_unknown
from bench.throughput.growth import measure_growth, measure_workers, run_inside
from bench.throughput.load import connected, run_closed
from bench.throughput.machine import describe, read_processors
from bench.throughput.norms import Law
from bench.throughput.pace import Pace
from bench.throughput.pools import Form, Pool, Supply, mean_size, one
from bench.throughput.rates import ByH2load, Contestant, Fresh, Steady, take_turns
from bench.throughput.results import LeftOut, Results, Row
from bench.throughput.servers import (
    CERBOS,
    Cores,
    Served,
    bare_server,
    cerbos_server,
    comity_server,
    share_cores,
)

RULES = 100
ACCOUNTS = 20_000
DIFFERENT = 64
ITEMS = 50
CHECK = Form(comity_form.CHECK, one(comity_form.check_request), comity_form.check_reply)
BATCH = Form(comity_form.BATCH, comity_form.batch_request, comity_form.batch_reply)
CERBOS_CHECK = Form(cerbos_form.CHECK, cerbos_form.batch_request, cerbos_form.batch_reply)
BARE = Form(bare.ANSWER, one(comity_form.check_request))


@dataclass(frozen=True)
class Plan:
    """How long a run measures.

    Attributes:
        repetitions: of everything.
        seconds: of a turn of a load.
        latency_seconds: of a turn of arrivals at half load.
        goodput_seconds: of a turn of arrivals past the limit.
        sizes: numbers of rules of growing servers.
    """

    repetitions: int
    seconds: float
    latency_seconds: float
    goodput_seconds: float
    sizes: Sequence[int]


FULL = Plan(3, 3.5, 6.0, 3.5, (100, 1_000, 10_000, 100_000))
QUICK = Plan(1, 1.0, 2.0, 1.0, (100, 1_000))


class Run:
    """A run under way.

    Attributes:
        results: what was measured so far.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        """Measure by `plan`; files go into `folder`."""
        self.results = Results()
        self._plan = plan
        self._folder = folder
        self._start = time.monotonic()
        self._pace = Pace(plan.repetitions, plan.seconds, self._tell)
        self._norms = draw_norms(RULES)
        self._law = Law(self._norms)
        self._known = draw_known(self._norms, ACCOUNTS, DIFFERENT)
        self._policies = comity_form.write_policies(self._norms, folder / "policies")

    def measure(self) -> Results:
        """Measure everything that can be; return it."""
        cores, before = share_cores(), read_processors()
        self.results.about = describe(cores)
        self.results.about["repetitions"] = f"{self._pace.repetitions} of {self._pace.seconds:g} s"
        with ExitStack() as stack:
            comity, _ = stack.enter_context(
                comity_server(cores, self._policies, self._folder / "recorded")
            )
            hits = Pool(CHECK, self._law, self._known)
            batches = Pool(BATCH, self._law, self._known, ITEMS)
            octets = self._reply_octets(comity, hits)
            nothing = stack.enter_context(bare_server(cores, octets))
            # Sent to the server that does nothing, the same octets are the same request.
            bare_pool = Pool(BARE, self._law, self._known)
            self._sizes(hits, batches, octets)
            contestants = self._comity(comity, nothing, hits, batches, bare_pool)
            contestants += self._unrecorded(stack, cores, hits, batches)
            contestants += self._cerbos(stack, cores)
            contestants += self._h2load(contestants)
            self._add(take_turns(contestants, self._pace))
            self._arrivals(comity, nothing, hits, bare_pool)
        self._inside(cores)
        growth = self._folder / "growth"
        shorter = self._pace.lasting(self._plan.seconds / 1.5)
        self._add(measure_growth(cores, self._plan.sizes, growth, shorter))
        self._workers(batches)
        others = read_processors().others_since(before)
        self.results.about["others"] = f"{others:.0%} of the processors' time"
        self.results.about["minutes"] = f"{(time.monotonic() - self._start) / 60:.1f}"
        return self.results

    def _tell(self, what: str) -> None:
        """Tell people who wait what is being measured."""
        sys.stderr.write(f"{time.monotonic() - self._start:6.0f} s  {what}\n")
        sys.stderr.flush()

    def _add(self, rows: Iterable[Row]) -> None:
        """Keep rows."""
        for row in rows:
            self.results.add(row)

    def _leave_out(self, what: str, why: str) -> None:
        """Keep that something can't be measured."""
        self.results.left_out.append(LeftOut(what, why))
        self._tell(f"left out: {what}: {why}")

    def _reply_octets(self, comity: Served, hits: Pool) -> int:
        """Return the mean length of Comity's replies, all of which are looked at."""
        some = hits.messages[: DIFFERENT * 4]
        replies = []
        with connected(comity.address, CHECK.path) as connections:
            for position, message in enumerate(some):
                ran = run_closed(connections[:1], [message], seconds=9, under_way=1, again=False)
                hits.require_right(position, ran.kept[0][1])
                replies.append(ran.kept[0][1])
        return mean_size(replies)

    def _sizes(self, hits: Pool, batches: Pool, octets: int) -> None:
        """Keep the sizes of messages."""
        about = self.results.about
        about["request"] = f"{mean_size(hits.messages)} octets; batch of {ITEMS}: "
        about["request"] += f"{mean_size(batches.messages):,} octets"
        about["reply"] = f"{octets} octets"

    def _comity(
        self, comity: Served, nothing: Served, hits: Pool, batches: Pool, bare_pool: Pool
    ) -> list[Contestant]:
        """Return what is asked of Comity, and of the server that does nothing."""
        mixed = Pool(CHECK, self._law, draw_mixed(self._norms, ACCOUNTS, DIFFERENT))
        unknown = Supply(CHECK, self._law, draw_unknown(self._norms))
        return [
            Steady("bare", "bare grpcio, no-op", nothing, bare_pool),
            Steady("hit", "Comity, unary hit", comity, hits),
            Steady(
                "mixed", "Comity, unary, known facts of people of any age, anywhere", comity, mixed
            ),
            Fresh("cold", "Comity, unary cold", comity, unknown),
            Steady("batch", f"Comity, batch of {ITEMS}", comity, batches),
        ]

    def _unrecorded(
        self, stack: ExitStack, cores: Cores, hits: Pool, batches: Pool
    ) -> list[Contestant]:
        """Return what is asked of Comity without a journal."""
        silent, _ = stack.enter_context(
            comity_server(cores, self._policies, self._folder / "silent", recorded=False)
        )
        unknown = Supply(CHECK, self._law, draw_unknown(self._norms))
        return [
            Steady("silent_hit", "Comity, journal off, unary hit", silent, hits),
            Fresh("silent_cold", "Comity, journal off, unary cold", silent, unknown),
            Steady("silent_batch", f"Comity, journal off, batch of {ITEMS}", silent, batches),
        ]

    def _cerbos(self, stack: ExitStack, cores: Cores) -> list[Contestant]:
        """Return what is asked of Cerbos, if it is there."""
        if not CERBOS.exists():
            self._leave_out("Cerbos", "@cerbos/cerbos-linux-x64 is not installed")
            return []
        home = self._folder / "cerbos"
        cerbos = stack.enter_context(cerbos_server(cores, self._norms, home))
        single = Pool(CERBOS_CHECK, self._law, self._known)
        many = Pool(CERBOS_CHECK, self._law, self._known, ITEMS)
        return [
            Steady("cerbos", "Cerbos, untraced, unary", cerbos, single),
            Steady("cerbos_batch", f"Cerbos, untraced, batch of {ITEMS}", cerbos, many),
        ]

    def _h2load(self, contestants: Sequence[Contestant]) -> list[Contestant]:
        """Return the same by h2load, where one message says enough."""
        if not h2load.is_installed():
            self._leave_out("rows by h2load", "nghttp2-client is not installed")
            return []
        wanted = ("bare", "hit", "batch", "silent_hit", "cerbos", "cerbos_batch")
        return [
            ByH2load(
                f"h2load_{single.id}",
                f"{single.label}, by h2load",
                single.server,
                single.pool,
                self._folder,
            )
            for single in contestants
            if isinstance(single, Steady) and single.id in wanted
        ]

    def _arrivals(self, comity: Served, nothing: Served, hits: Pool, bare_pool: Pool) -> None:
        """Measure latency at half of what Comity sustains, and goodput at three times that."""
        plan, sustainable = self._plan, statistics.median(self.results.rows["hit"].values)
        waited = [
            Waited("bare_half", "bare grpcio, at half of Comity's load", nothing, bare_pool),
            Waited("half", "Comity, unary hit, at half load", comity, hits),
        ]
        pace = self._pace.lasting(plan.latency_seconds)
        self._add(compare_latencies(waited, sustainable / 2, pace))
        pace = self._pace.lasting(plan.goodput_seconds)
        self._add(compare_goodputs(comity, hits, sustainable, pace))

    def _inside(self, cores: Cores) -> None:
        """Measure what runs inside a process: Comity, and other engines."""
        self._tell("decisions inside a process")
        times = str(self._plan.repetitions)
        home = str(self._folder / "inside")
        read = run_inside(cores, "batches", str(self._policies), home, times)
        label = "Comity, a batched decision, in process, octets to octets"
        self.results.add(Row("in_process", label, "µs", json.loads(read)))
        for module, package, measure in (
            ("cedarpy", "cedarpy", self._cedar),
            ("casbin", "pycasbin", self._casbin),
        ):
            if find_spec(module) is None:
                self._leave_out(module, f"{package} is not installed")
                continue
            self._tell(module)
            measure()

    def _cedar(self) -> None:
        """Measure Cedar."""
        some = self._known[: libraries.CEDAR_QUESTIONS]
        decide = libraries.cedar_decider(self._norms)
        for name, label, size in (
            ("cedar", "Cedar (cedarpy), in process, one question a call", 1),
            ("cedar_batch", f"Cedar (cedarpy), in process, {ITEMS} questions a call", ITEMS),
        ):
            groups = libraries.groups_of(some, size)
            times = libraries.measure_library(decide, groups, self._law, self._pace.repetitions)
            self.results.add(Row(name, label, "µs", times))

    def _casbin(self) -> None:
        """Measure casbin."""
        some = libraries.groups_of(self._known[: libraries.CASBIN_QUESTIONS], 1)
        decide = libraries.casbin_decider(self._norms)
        times = libraries.measure_library(decide, some, self._law, self._pace.repetitions)
        self.results.add(Row("casbin", "casbin (pycasbin), in process", "µs", times))

    def _workers(self, batches: Pool) -> None:
        """Measure two workers against one, on all cores."""
        cores = share_cores(servers=2)
        folder = self._folder / "workers"
        self._add(measure_workers(cores, self._policies, folder, batches, self._pace))
