"""Opens tracing for a process: the one place that knows what is behind it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Final, Protocol

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from comity.telemetry.batching import BatchDelivery, BatchLimits, read_limits
from comity.telemetry.destinations import Destination, Place, find_destination, open_exporter
from comity.telemetry.identifiers import SystemRandomIdGenerator
from comity.telemetry.losses import SpanLosses
from comity.telemetry.plain_spans import PlainTracer
from comity.telemetry.pseudonyms import Pseudonyms, open_pseudonyms
from comity.telemetry.recorder import OtelDecisionRecorder

SCOPE: Final = "comity"
# Who starts a local server wants to see the trace of the question just asked.
LOCAL_LIMITS: Final = BatchLimits(delay_seconds=0.2)
COLLECTOR_LIMITS: Final = BatchLimits()


class TelemetrySettings(Protocol):
    """The settings that tracing needs; the rest comes from the variables of OpenTelemetry."""

    @property
    def data_dir(self) -> Path:
        """Directory for local traces and the key of pseudonyms."""
        ...

    @property
    def pseudonym_key(self) -> str:
        """Secret behind the pseudonyms of accounts; empty to have one made and kept."""
        ...


class Telemetry:
    """Tracing of one process.

    Attributes:
        destination: where spans go.
        tracer: makes spans.
        losses: counts spans that were not delivered; register it to see them in metrics.
    """

    def __init__(
        self,
        role: str,
        settings: TelemetrySettings,
        destination: Destination,
        processor: SpanProcessor | None,
        losses: SpanLosses,
    ) -> None:
        """Trace a process of this `role`, handing ended spans to `processor`."""
        self.destination = destination
        self.losses = losses
        self._settings = settings
        self._ids = SystemRandomIdGenerator()
        self._processor = processor
        # A TracerProvider would add its own to every span; plain spans are delivered as they are.
        self.tracer = PlainTracer(
            _resource(role),
            InstrumentationScope(SCOPE, version("comity")),
            self._ids,
            _forget if processor is None else processor.on_end,
        )

    @cached_property
    def recorder(self) -> OtelDecisionRecorder:
        """Records decisions as spans.

        Raises:
            StartupError: the key of pseudonyms can't be kept or read.
        """
        pseudonyms: Pseudonyms = open_pseudonyms(
            self._settings.pseudonym_key, self._settings.data_dir
        )
        return OtelDecisionRecorder(self.tracer, pseudonyms, self._ids)

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, AttributeValue] | None = None
    ) -> Iterator[Span]:
        """Make a span of what is done within, such as a start, a reload or a shutdown.

        An exception marks it as failed, by its type only: texts of exceptions may quote anything.
        """
        with self.tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_attribute("error.type", type(error).__qualname__)
                span.set_status(Status(StatusCode.ERROR))
                raise

    def flush(self, timeout_seconds: float) -> bool:
        """Deliver what is waiting; return whether all of it was handed over in time."""
        processor = self._processor
        return processor is None or processor.force_flush(int(timeout_seconds * 1000))

    def close(self, timeout_seconds: float) -> None:
        """Deliver what is waiting for up to `timeout_seconds`, then let go."""
        if isinstance(self._processor, BatchDelivery):
            self._processor.close(timeout_seconds)
        elif self._processor is not None:
            self._processor.shutdown()


def open_telemetry(settings: TelemetrySettings, role: str) -> Telemetry:
    """Return the tracing of this process, `role` (`worker`, `supervisor`), not waiting for anyone.

    Raises:
        StartupError: a variable of OpenTelemetry can't be used.
    """
    destination = find_destination(os.environ, settings.data_dir)
    exporter = open_exporter(destination, settings.data_dir, role)
    losses = SpanLosses()
    processor = None
    if exporter is not None:
        usual = LOCAL_LIMITS if destination.place is Place.LOCAL else COLLECTOR_LIMITS
        processor = BatchDelivery(exporter, losses, read_limits(os.environ, usual))
    return Telemetry(role, settings, destination, processor, losses)


def _forget(span: ReadableSpan) -> None:
    """Deliver a span to nowhere."""
    del span


def _resource(role: str) -> Resource:
    """Return what every span says of this process; the environment has the last word."""
    ours = Resource(
        {
            "service.name": "comity",
            "service.version": version("comity"),
            "process.pid": os.getpid(),
            "comity.process.role": role,
        }
    )
    return Resource.create().merge(ours).merge(OTELResourceDetector().detect())
