"""Wires the use cases of a decision worker to the outside, and serves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health
from grpc_reflection.v1alpha import reflection

from comity.adapters.callers_file import CallersFile, CallersFileError
from comity.adapters.geoip import GeoipDatabaseError, MaxMindPlaceLookup
from comity.adapters.phone import LibphonenumberPhoneLookup
from comity.app.active_policy import PolicyHolder
from comity.app.eligibility import Eligibility
from comity.app.request_routing import RequestRouting
from comity.app.restrictions import PolicyTexts
from comity.app.startup import ExitCode, StartupError
from comity.grpc_api.batches import OctetBatches
from comity.grpc_api.call_threads import NotBegun
from comity.grpc_api.callers import Entitlements, LoopbackEntitlements
from comity.grpc_api.data_requests import DataRequestServicer
from comity.grpc_api.deadlines import DeadlineInterceptor
from comity.grpc_api.draining import DrainInterceptor
from comity.grpc_api.eligibility import EligibilityServicer
from comity.grpc_api.health import WorkerHealth
from comity.grpc_api.interceptors import ErrorInterceptor
from comity.grpc_api.listening import build_server
from comity.grpc_api.metering import MeteringInterceptor
from comity.grpc_api.overload import OverloadInterceptor
from comity.grpc_api.policy import PolicyServicer
from comity.grpc_api.shortcuts import Shortcuts, prepare_with
from comity.grpc_api.stream_limits import StreamLimitInterceptor
from comity.grpc_api.swift_calls import OctetBatchInterceptor, SwiftInterceptor
from comity.grpc_api.tracing import TracingInterceptor
from comity.logs import get_logger, report_defect
from comity.metrics import CountingDecisionRecorder, WorkerMetrics
from comity.server.explaining import add_decision_service
from comity.settings import Settings
from comity.telemetry import Telemetry
from comity.v1 import (
    data_request_service_pb2,
    data_request_service_pb2_grpc,
    decision_service_pb2,
    eligibility_service_pb2,
    eligibility_service_pb2_grpc,
    policy_service_pb2,
    policy_service_pb2_grpc,
)

_SERVICES: tuple[ServiceDescriptor, ...] = (
    eligibility_service_pb2.DESCRIPTOR.services_by_name["EligibilityService"],
    data_request_service_pb2.DESCRIPTOR.services_by_name["DataRequestService"],
    policy_service_pb2.DESCRIPTOR.services_by_name["PolicyService"],
    decision_service_pb2.DESCRIPTOR.services_by_name["DecisionService"],
)
SERVICE_NAMES = tuple(service.full_name for service in _SERVICES)


@dataclass(frozen=True)
class Composition:
    """A server with everything behind it.

    Attributes:
        server: not started, without addresses.
        health: what it says of itself.
        metrics: what it counts.
        drain: lets the calls under way end.
        refresh: takes up files that changed: GeoIP databases, callers.
    """

    server: grpc.Server
    health: WorkerHealth
    metrics: WorkerMetrics
    drain: DrainInterceptor
    refresh: Callable[[], None]


def compose(settings: Settings, holder: PolicyHolder, telemetry: Telemetry) -> Composition:
    """Return a server that answers from the policies in `holder`.

    Raises:
        StartupError: a GeoIP database, the file of callers, a key or the archive can't be used.
    """
    metrics = WorkerMetrics()
    places = _open_places(settings, metrics)
    callers = _open_callers(settings)
    if telemetry.delivery is not None:
        metrics.registry.register(telemetry.delivery)
    recorder = CountingDecisionRecorder(telemetry.recorder, metrics)
    eligibility = Eligibility(
        policies=holder,
        places=places,
        phones=LibphonenumberPhoneLookup(),
        recorder=recorder,
        clock=read_clock,
        max_age_seconds=settings.max_age_seconds,
    )
    entitlements, texts = callers or LoopbackEntitlements(), PolicyTexts(holder, read_clock)
    shortcuts = Shortcuts(eligibility, prepare_with(telemetry.preparer), recorder.counter)
    servicer = EligibilityServicer(eligibility, texts, entitlements, shortcuts)
    drain = DrainInterceptor()
    swift = SwiftInterceptor(shortcuts, telemetry.preparer, entitlements, metrics, report_defect)
    batches = OctetBatches(servicer, shortcuts, telemetry.preparer)
    guards = _guards(settings, metrics, telemetry)
    server = build_server(
        settings, (guards[0], drain, swift, *guards[1:], OctetBatchInterceptor(batches.answer))
    )
    eligibility_service_pb2_grpc.add_EligibilityServiceServicer_to_server(servicer, server)
    routing = RequestRouting(holder, recorder, read_clock)
    _add_servicers(server, holder, texts, routing, entitlements)
    add_decision_service(server, settings, holder, telemetry, entitlements)
    worker_health = WorkerHealth(SERVICE_NAMES)
    worker_health.add_to(server)
    names = (*SERVICE_NAMES, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    refresh = partial(_refresh, places, callers, metrics)
    return Composition(server, worker_health, metrics, drain, refresh)


def _guards(
    settings: Settings, metrics: WorkerMetrics, telemetry: Telemetry
) -> tuple[grpc.ServerInterceptor, ...]:  # type: ignore[type-arg] # generic in stubs only
    """Return the interceptors that every call goes through, outermost first."""
    return (
        OverloadInterceptor(settings, metrics),
        MeteringInterceptor(metrics),
        TracingInterceptor(telemetry.tracer),
        DeadlineInterceptor(metrics.not_begun.labels(NotBegun.EXPIRED.value).inc),
        ErrorInterceptor(report_defect),
        StreamLimitInterceptor(),
    )


def _add_servicers(
    server: grpc.Server,
    holder: PolicyHolder,
    texts: PolicyTexts,
    routing: RequestRouting,
    entitlements: Entitlements,
) -> None:
    """Let `server` answer the other services."""
    data_request_service_pb2_grpc.add_DataRequestServiceServicer_to_server(
        DataRequestServicer(routing, entitlements), server
    )
    policy_service_pb2_grpc.add_PolicyServiceServicer_to_server(
        PolicyServicer(texts, holder, entitlements), server
    )


def read_clock() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def _open_places(settings: Settings, metrics: WorkerMetrics) -> MaxMindPlaceLookup:
    """Return the GeoIP look-up, with `metrics` telling of its failures.

    Raises:
        StartupError: a database can't be used.
    """
    try:
        places = MaxMindPlaceLookup(settings.geoip_database, settings.geoip_anonymous)
    except GeoipDatabaseError as error:
        raise StartupError(ExitCode.GEOIP_UNUSABLE, str(error)) from error
    metrics.count_failed_lookups(lambda: places.status.failed_lookups)
    return places


def _open_callers(settings: Settings) -> CallersFile | None:
    """Return the file of callers, if one is named.

    Raises:
        StartupError: it can't be used.
    """
    if settings.callers is None:
        return None
    try:
        return CallersFile(settings.callers)
    except CallersFileError as error:
        raise StartupError(ExitCode.CALLERS_UNUSABLE, str(error)) from error


def _refresh(
    places: MaxMindPlaceLookup, callers: CallersFile | None, metrics: WorkerMetrics
) -> None:
    """Take up files that changed, and log what became of them."""
    logger = get_logger(__name__)
    before = places.status.errors
    if places.reload_if_changed():
        logger.info("geoip exchanged", database_type=places.status.provenance.database_type)
    if places.status.errors != before:
        logger.warning("geoip refused", problems=list(places.status.errors))
    metrics.stale_files.labels("geoip").set(bool(places.status.errors))
    if callers is None:
        return
    if callers.reload_if_changed():
        if callers.error:
            logger.warning("callers refused", problems=callers.error.splitlines())
        else:
            logger.info("callers exchanged")
    metrics.stale_files.labels("callers").set(bool(callers.error))
