"""GetDecision: who gets a reply, and what is said when there is none."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from comity.domain.errors import (
    NotEntitledError,
    NotRecordedError,
    RecordsUnavailableError,
    UnreadableRecordError,
)
from comity.domain.request import Caller, Options, View
from comity.grpc_api.callers import LoopbackEntitlements
from comity.grpc_api.decisions import reader_name
from comity.grpc_api.tracing import TracingInterceptor
from comity.telemetry import Destination, Place, Telemetry
from comity.telemetry.plain_spans import PlainSpan
from unit.grpc_api.decision_calls import NEVER, asked, refused
from unit.grpc_api.small_world import SmallWorld
from unit.telemetry.in_memory import TracingSettings
from unit.telemetry.kept_records import InMemoryRecords

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def channel() -> Iterator[grpc.Channel]:
    """A connection to a server that answers from a few rules."""
    world = SmallWorld()
    with world.serving() as channel:
        yield channel
    assert world.defects == []


def test_a_decision_that_is_not_kept_is_not_found(channel: grpc.Channel) -> None:
    """Nothing tells whether there ever was one."""
    assert refused(channel, NEVER) is grpc.StatusCode.NOT_FOUND


class Barred(LoopbackEntitlements):
    """Entitlements that leave the legal view to nobody."""

    def require(self, caller: Caller, options: Options) -> None:
        """Refuse the legal view."""
        del caller
        if options.view is View.LEGAL:
            message = "options.view VIEW_LEGAL is only for entitled callers"
            raise NotEntitledError(message)


def test_who_may_not_see_all_sees_nothing() -> None:
    """Not even whether there is such a decision; a malformed identity is told first."""
    world = SmallWorld(entitlements=Barred())
    with world.serving() as channel:
        identity = asked(channel)
        assert refused(channel, identity) is grpc.StatusCode.PERMISSION_DENIED
        assert refused(channel, NEVER) is grpc.StatusCode.PERMISSION_DENIED
        assert refused(channel, "x") is grpc.StatusCode.INVALID_ARGUMENT
    assert world.defects == []


class Broken(InMemoryRecords):
    """Records that can't be had."""

    def find(self, decision_id: str) -> None:
        """Fail, one way or the other."""
        message = "it is broken"
        raise (RecordsUnavailableError if decision_id == NEVER else UnreadableRecordError)(message)


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        (NEVER, grpc.StatusCode.UNAVAILABLE),
        (f"{1:032x}-{1:016x}", grpc.StatusCode.DATA_LOSS),
    ],
)
def test_records_that_cannot_be_read(identity: str, code: grpc.StatusCode) -> None:
    """A journal that is away may be asked again; a record that is spoilt stays so."""
    world = SmallWorld()
    world.records = Broken(world.recorder)
    with world.serving() as channel:
        assert refused(channel, identity) is code
    assert world.defects == []


def test_who_reads_a_decision_does_not_go_unrecorded() -> None:
    """Without room for the span of the call there is no reply."""
    refused_spans = []

    def deliver(span: PlainSpan) -> None:
        if span.testifies:
            refused_spans.append(span.readable())
            message = "no room"
            raise NotRecordedError(message)

    telemetry = Telemetry("worker", TracingSettings(), Destination(Place.NOWHERE, "test"), deliver)
    world = SmallWorld()
    with (
        world.listening(TracingInterceptor(telemetry.tracer)) as address,
        grpc.insecure_channel(address) as channel,
    ):
        identity = asked(channel)
        assert refused(channel, identity) is grpc.StatusCode.UNAVAILABLE
        assert refused(channel, "x") is grpc.StatusCode.INVALID_ARGUMENT
    (span,) = refused_spans
    assert span.attributes is not None
    assert span.attributes["comity.explain.decision_id"] == identity
    assert world.defects == []


@pytest.mark.parametrize(
    ("caller", "name"),
    [
        (
            Caller("spiffe://example.org/legal-desk", loopback=True),
            "spiffe://example.org/legal-desk",
        ),
        (Caller(loopback=True), "loopback"),
        (Caller(), ""),
    ],
)
def test_who_has_something_opened_is_named(caller: Caller, name: str) -> None:
    """By the certificate, else as somebody on this machine."""
    assert reader_name(caller) == name
