"""Opens tracing for a process: the one place that knows what is behind it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Final, Protocol

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from comity.telemetry.descriptions import Descriptions
from comity.telemetry.destinations import Destination, Place, find_destination
from comity.telemetry.identifiers import SystemRandomIdGenerator
from comity.telemetry.journalling import (
    FIRST_COMMAND,
    SUPERVISOR,
    JournalDelivery,
    JournalSettings,
    open_journal,
)
from comity.telemetry.plain_spans import Deliver, PlainSpan, PlainTracer
from comity.telemetry.prepared_spans import SpanPreparer
from comity.telemetry.pseudonyms import PseudonymRing, Pseudonyms, open_pseudonyms
from comity.telemetry.recorder import OtelDecisionRecorder
from comity.telemetry.sealed_facts import Sealer, open_sealer

SCOPE: Final = "comity"


class TelemetrySettings(JournalSettings, Protocol):
    """The settings that tracing needs; the rest comes from the variables of OpenTelemetry."""

    @property
    def pseudonym_key(self) -> str:
        """Secret behind the pseudonyms of accounts; empty to have keys made and kept."""
        ...

    @property
    def pseudonym_rotate_days(self) -> int:
        """After how many days another key is made."""
        ...

    @property
    def seal_public_key(self) -> Path | None:
        """File of the legal key to which sensitive facts are sealed; None to keep none."""
        ...


class Telemetry:
    """Tracing of one process.

    Attributes:
        destination: where spans go.
        tracer: makes spans.
        delivery: puts spans into the journal; None if they go nowhere.
    """

    def __init__(
        self,
        role: str,
        settings: TelemetrySettings,
        destination: Destination,
        deliver: Deliver | None = None,
        worker: int = 1,
    ) -> None:
        """Trace a process of this `role`, handing ended spans to `deliver`, else to the journal.

        `worker` is the number of a worker, from 1: each writes a journal of its own.

        Raises:
            StartupError: the journal can't be used.
        """
        self.destination = destination
        self.delivery: JournalDelivery | None = None
        self._settings = settings
        self._descriptions = Descriptions()
        self._ids = SystemRandomIdGenerator()
        resource, scope = _resource(role), InstrumentationScope(SCOPE, version("comity"))
        if deliver is None:
            deliver = _forget
            if destination.place is not Place.NOWHERE:
                exported = destination.place is Place.COLLECTOR
                number = {"supervisor": SUPERVISOR, "worker": worker}.get(role, FIRST_COMMAND)
                journal = open_journal(settings, number, resource, scope, exported=exported)
                self.delivery = JournalDelivery(journal)
                deliver = self.delivery.deliver
        self.tracer = PlainTracer(resource, scope, self._ids, deliver)

    @cached_property
    def recorder(self) -> OtelDecisionRecorder:
        """Records decisions as spans.

        Raises:
            StartupError: the key of pseudonyms can't be kept or read, or the legal key not read.
        """
        return OtelDecisionRecorder(
            self.tracer, self._pseudonyms, self._ids, self._sealer, self._descriptions
        )

    @cached_property
    def preparer(self) -> SpanPreparer:
        """Prepares the spans of decisions that are made often.

        Raises:
            StartupError: as `recorder`.
        """
        keep = _forget if self.delivery is None else self.delivery.keep
        return SpanPreparer(self._pseudonyms, self._sealer, self._descriptions, keep)

    @cached_property
    def _pseudonyms(self) -> Pseudonyms | PseudonymRing:
        """Makes pseudonyms of accounts."""
        settings = self._settings
        return open_pseudonyms(
            settings.pseudonym_key, settings.data_dir, settings.pseudonym_rotate_days
        )

    @cached_property
    def _sealer(self) -> Sealer | None:
        """Seals what is sensitive, if a legal key is configured."""
        return open_sealer(self._settings.seal_public_key)

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
        """Have the disk confirm what was recorded; return whether it did in time."""
        return self.delivery is None or self.delivery.flush(timeout_seconds)

    def close(self) -> None:
        """Seal the journal; later spans of decisions can't be recorded."""
        if self.delivery is not None:
            self.delivery.close()


def open_telemetry(settings: TelemetrySettings, role: str, worker: int = 1) -> Telemetry:
    """Return the tracing of this process: `supervisor`, `worker`, or what a command is for.

    `worker` is the number of a worker, from 1.

    Raises:
        StartupError: a variable of OpenTelemetry, or the journal, can't be used.
    """
    destination = find_destination(os.environ, settings.data_dir)
    return Telemetry(role, settings, destination, worker=worker)


def _forget(spans: PlainSpan | Sequence[bytes]) -> None:
    """Deliver spans to nowhere."""
    del spans


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
