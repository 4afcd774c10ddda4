"""Two servers of one policy set: one remembers answers by octets, the other takes all apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path as FilePath
from typing import Any, Final

import grpc
from comity.app.eligibility import Eligibility
from comity.app.restrictions import PolicyTexts
from comity.domain.request import Revision
from comity.grpc_api.batches import OctetBatches
from comity.grpc_api.callers import Entitlements, LoopbackEntitlements
from comity.grpc_api.deadlines import DeadlineInterceptor
from comity.grpc_api.eligibility import EligibilityServicer
from comity.grpc_api.interceptors import ErrorInterceptor
from comity.grpc_api.metering import MeteringInterceptor
from comity.grpc_api.remembered_answers import Moment, Recalled
from comity.grpc_api.shortcuts import Shortcuts, prepare_with
from comity.grpc_api.swift_calls import OctetBatchInterceptor, SwiftInterceptor
from comity.grpc_api.tracing import TracingInterceptor
from comity.metrics import CountingDecisionRecorder, WorkerMetrics
from comity.policy.engine import Engine
from comity.policy.rules import Ruleset
from comity.v1 import eligibility_service_pb2_grpc, facts_pb2
from property.octet_sources import GENERATED, Source
from unit.grpc_api.local_calls import LocalCall, LocalServer, Outcome
from unit.grpc_api.small_world import BUNDLE, SmallPolicy
from unit.telemetry.in_memory import InMemoryTelemetry, TracingSettings

_PUBLIC_KEY: Final = FilePath(__file__).parents[1] / "data" / "sealing" / "public.key"
_SETTINGS: Final = TracingSettings(seal_public_key=_PUBLIC_KEY)
METRICS: Final = WorkerMetrics()


@dataclass
class ChangingPolicies:
    """A `PolicySource` whose revision is exchanged.

    Attributes:
        current: the revision in force.
        known: all revisions so far, the latest one last.
    """

    current: SmallPolicy | None = None
    known: list[SmallPolicy] = field(default_factory=list)

    def exchange(self, ruleset: Ruleset, digest: str) -> None:
        """Put another revision in force, with an engine of its own."""
        bundle = replace(BUNDLE, digest=digest, eligibility=ruleset)
        revision = Revision(len(self.known) + 1, digest)
        self.current = SmallPolicy(revision, bundle, Engine(ruleset))
        self.known.append(self.current)

    def forget(self) -> None:
        """Have the engine remember nothing."""
        current = self.current
        if current is not None:
            self.current = replace(current, engine=Engine(current.bundle.eligibility))

    def known_at(self, instant: datetime) -> SmallPolicy | None:
        """Return the first revision, or none in the first half of the year."""
        return self.known[0] if instant.month > 6 else None

    def wait_for_epoch(self, epoch: int, timeout_seconds: float) -> SmallPolicy | None:
        """Return the revision in force if it has come so far."""
        del timeout_seconds
        current = self.current
        return current if current is not None and current.revision.epoch >= epoch else None


class Path:
    """A server, and what it records.

    Attributes:
        policies: what it answers from.
        places: where addresses are.
        defects: exceptions that should not have come.
        kept: spans of decisions that were not made anew.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        source: Source = GENERATED,
        *,
        forgetful: bool = False,
    ) -> None:
        """Answer for the present of `clock`, with the look-ups of `source`.

        If it is `forgetful`, neither the engine nor what makes spans remembers anything.
        """
        self._forgetful = forgetful
        self.policies = ChangingPolicies()
        self.places = source.places()
        self._phones = source.phones
        self.defects: list[Exception] = []
        self.kept: list[bytes] = []
        self._telemetry = InMemoryTelemetry(_SETTINGS)
        self._clock = clock

    def _eligibility(self) -> Eligibility:
        """Return a use case that remembers nothing yet."""
        return Eligibility(
            policies=self.policies,
            places=self.places,
            phones=self._phones,
            recorder=CountingDecisionRecorder(self._telemetry.recorder, METRICS),
            clock=self._clock,
            wait_seconds=0.0,
        )

    def call(self, method: str, octets: bytes, call: LocalCall) -> tuple[Outcome, list[bytes]]:
        """Return how a call ends, and the spans that are recorded by then."""
        if self._forgetful:
            self._telemetry = InMemoryTelemetry(_SETTINGS)
            self.policies.forget()
        ended, kept = self._telemetry._ended, len(self.kept)
        ended.clear()
        outcome = self._server().call(method, octets, call)
        return outcome, [*(span.encoded() for span in ended), *self.kept[kept:]]

    def _server(self) -> LocalServer:
        """Return what answers the next call: here a server that has no memory."""
        return self._serve(
            EligibilityServicer(self._eligibility(), self._texts(), LoopbackEntitlements()),
            TracingInterceptor(self._telemetry.tracer),
            DeadlineInterceptor(),
            ErrorInterceptor(self.defects.append),
        )

    def _texts(self) -> PolicyTexts:
        return PolicyTexts(self.policies, self._clock, wait_seconds=0.0)

    def _serve(self, servicer: EligibilityServicer, *interceptors: Any) -> LocalServer:
        """Return a server of `servicer`."""
        server = LocalServer(*interceptors)
        eligibility_service_pb2_grpc.add_EligibilityServiceServicer_to_server(servicer, server)
        return server


class CountingShortcuts(Shortcuts):
    """Counts the answers that are worked out from known parts.

    Attributes:
        worked_out: how many there were.
    """

    worked_out = 0

    def work_out(
        self, moment: Moment, octets: tuple[bytes, bytes], subject: facts_pb2.Subject
    ) -> Recalled | None:
        """Count the answer, if there is one."""
        answer = super().work_out(moment, octets, subject)
        self.worked_out += answer is not None
        return answer


class SwiftPath(Path):
    """A server that answers from octets what it answered before.

    Attributes:
        shortcuts: what it answered.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        entitlements: Entitlements = LoopbackEntitlements(),  # noqa: B008 - it has no state
        source: Source = GENERATED,
    ) -> None:
        """Begin with nothing remembered."""
        super().__init__(clock, source)
        eligibility, preparer = self._eligibility(), self._telemetry.preparer
        preparer.keep = self._keep
        count = CountingDecisionRecorder(eligibility.recorder, METRICS).counter
        self.shortcuts = CountingShortcuts(eligibility, prepare_with(preparer), count)
        servicer = self.servicer = EligibilityServicer(
            eligibility, self._texts(), entitlements, self.shortcuts
        )
        batches = OctetBatches(servicer, self.shortcuts, preparer)
        self._remembering = self._serve(
            servicer,
            SwiftInterceptor(self.shortcuts, preparer, entitlements, METRICS, self.defects.append),
            MeteringInterceptor(METRICS),
            TracingInterceptor(self._telemetry.tracer),
            DeadlineInterceptor(),
            ErrorInterceptor(self.defects.append),
            OctetBatchInterceptor(batches.answer),
        )

    @property
    def hits(self) -> int:
        """How many decisions were recorded without being made anew."""
        return len(self.kept)

    @contextmanager
    def listening(self, threads: ThreadPoolExecutor) -> Iterator[str]:
        """Serve on a free port and yield its address."""
        local = self._remembering
        server = grpc.server(threads, interceptors=local.interceptors)
        server.add_generic_rpc_handlers(local.handlers)
        port = server.add_insecure_port("localhost:0")
        server.start()
        try:
            yield f"localhost:{port}"
        finally:
            server.stop(grace=None).wait()

    def _server(self) -> LocalServer:
        """Return the one server."""
        return self._remembering

    def _keep(self, spans: Sequence[bytes]) -> None:
        """Record spans of decisions that were made before."""
        self.kept += spans
