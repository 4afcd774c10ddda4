"""Puts every span into the journal as it ends, before whoever asked hears of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import INVALID_SPAN_CONTEXT
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from comity.app.startup import ExitCode, StartupError
from comity.domain.errors import NotRecordedError
from comity.journal import (
    Journal,
    JournalError,
    JournalLockedError,
    JournalOptions,
    Recipient,
    WhenFull,
)
from comity.journal.places import journal_in
from comity.telemetry.plain_spans import PlainSpan

# Numbers of writers. Workers are numbered from 1; commands take the first that is free.
SUPERVISOR: Final = 0
FIRST_COMMAND: Final = 900
COMMANDS: Final = 32
# Whoever is not a worker writes a few spans; it need not have much room made ready.
SMALL_SEGMENT_BYTES: Final = 1 << 20
AUTO: Final = "auto"
_ARCHIVED: Final = "archived"
_NOT_RECORDED: Final = "the decision can't be recorded at present; retry later"


class JournalSettings(Protocol):
    """The settings of the journal."""

    @property
    def data_dir(self) -> Path:
        """Directory that holds the journal."""
        ...

    @property
    def journal_flush_seconds(self) -> float:
        """How much may be lost if the node dies; 0 for nothing."""
        ...

    @property
    def journal_segment_bytes(self) -> int:
        """Size of a segment."""
        ...

    @property
    def journal_rotate_seconds(self) -> float:
        """After how long a segment is sealed."""
        ...

    @property
    def journal_budget_bytes(self) -> int:
        """What all segments may take together."""
        ...

    @property
    def journal_when_full(self) -> str:
        """What gives way when the budget is spent: `auto`, `refuse` or `drop_oldest`."""
        ...

    @property
    def journal_keep_until(self) -> str:
        """Until when segments are kept if there is room: `auto`, `exported` or `archived`."""
        ...

    @property
    def archive(self) -> str:
        """The archive; empty for none."""
        ...


class JournalDelivery(Collector):
    """Takes spans that end; register it with a Prometheus registry to see how the journal fares."""

    def __init__(self, journal: Journal) -> None:
        """Append to `journal`, which is closed with this."""
        self._journal = journal
        self._lost = 0

    def deliver(self, span: PlainSpan) -> None:
        """Append `span`.

        Raises:
            NotRecordedError: it records a decision, or that a seal is opened, and the journal does
                not take it. Other spans are counted as lost.
        """
        try:
            self._journal.append(span.encoded(), legal=span.legal)
        except JournalError as error:
            if span.testifies:
                raise NotRecordedError(_NOT_RECORDED) from error
            self._lost += 1

    def keep(self, spans: Sequence[bytes]) -> None:
        """Append serialised spans of decisions on eligibility.

        Raises:
            NotRecordedError: the journal does not take one; some of the first may be in it.
        """
        try:
            if len(spans) == 1:
                self._journal.append(spans[0])
            else:
                self._journal.append_all(spans)
        except JournalError as error:
            raise NotRecordedError(_NOT_RECORDED) from error

    def flush(self, timeout_seconds: float) -> bool:
        """Have the disk confirm everything; return whether it did in time."""
        try:
            self._journal.flush(timeout_seconds)
        except JournalError:
            return False
        return True

    def close(self) -> None:
        """Seal the journal."""
        self._journal.close()

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Yield how the journal of this process fares."""
        status = self._journal.status()
        for name, text, value in (
            ("appended", "Spans appended to the journal.", status.appended),
            ("refused", "Spans that the journal had no room for.", status.refused),
            ("dropped", "Spans removed to make room, though awaited.", status.dropped),
            ("sync_failures", "Times that the disk did not confirm.", status.sync_failures),
            ("tails_cut", "Torn ends found in segments of earlier lives.", status.tails_cut),
            ("damaged", "Damaged places found in segments of earlier lives.", status.damaged),
        ):
            yield CounterMetricFamily(f"comity_journal_{name}", text, value)
        waiting = status.appended - status.durable
        text = "Spans that the disk has not confirmed yet."
        yield GaugeMetricFamily("comity_journal_unconfirmed", text, waiting)
        yield CounterMetricFamily(
            "comity_spans_dropped", "Spans of no decision that were not recorded.", self._lost
        )


def open_journal(
    settings: JournalSettings,
    number: int,
    resource: Resource,
    scope: InstrumentationScope,
    *,
    exported: bool,
) -> Journal:
    """Return the journal of the process with this number; `exported` says whether all is exported.

    Raises:
        StartupError: it can't be used.
    """
    numbers = range(number, number + COMMANDS) if number == FIRST_COMMAND else (number,)
    for candidate in numbers:
        try:
            options = _options(settings, candidate, resource, scope, exported=exported)
            return Journal(options)
        except JournalLockedError as error:
            if candidate == numbers[-1]:
                raise _unusable(error) from error
        except ValueError as error:
            message = f"the settings of the journal contradict each other: {error}"
            raise StartupError(ExitCode.SETTINGS_INVALID, message) from error
        except JournalError as error:
            raise _unusable(error) from error
    raise AssertionError  # the last number returned or raised


def _options(
    settings: JournalSettings,
    number: int,
    resource: Resource,
    scope: InstrumentationScope,
    *,
    exported: bool,
) -> JournalOptions:
    """Return how the process with this number keeps its journal.

    Raises:
        ValueError: the settings contradict each other.
    """
    when_full = settings.journal_when_full
    if when_full == AUTO:
        # Without a collector nobody waits for old spans.
        when_full = WhenFull.REFUSE if exported else WhenFull.DROP_OLDEST
    small = number == SUPERVISOR or number >= FIRST_COMMAND
    return JournalOptions(
        directory=journal_in(settings.data_dir),
        worker=number,
        resource=_encoded_resource(resource),
        scope=_encoded_scope(scope),
        segment_bytes=SMALL_SEGMENT_BYTES if small else settings.journal_segment_bytes,
        rotate_seconds=settings.journal_rotate_seconds,
        flush_interval_seconds=settings.journal_flush_seconds,
        budget_bytes=settings.journal_budget_bytes,
        reserve_segments=0 if small else 1,
        when_full=WhenFull(when_full),
        recipients=_recipients(settings, exported=exported),
    )


def _recipients(settings: JournalSettings, *, exported: bool) -> frozenset[Recipient]:
    """Return who must have a segment before nobody waits for it any more."""
    until = settings.journal_keep_until
    if until == _ARCHIVED or (until == AUTO and settings.archive):
        return frozenset({Recipient.ARCHIVE, *((Recipient.COLLECTOR,) if exported else ())})
    return frozenset({Recipient.COLLECTOR})


def _unusable(error: JournalError) -> StartupError:
    """Return the error of a journal that can't be used."""
    return StartupError(ExitCode.DATA_DIR_UNUSABLE, str(error))


def _encoded_resource(resource: Resource) -> bytes:
    """Return a resource as OTLP has it."""
    return _sample(resource, None).resource.SerializeToString()


def _encoded_scope(scope: InstrumentationScope) -> bytes:
    """Return a scope as OTLP has it."""
    return _sample(Resource.get_empty(), scope).scope_spans[0].scope.SerializeToString()


def _sample(resource: Resource, scope: InstrumentationScope | None) -> ResourceSpans:
    """Return an OTLP batch of a single empty span."""
    span = ReadableSpan(
        "", context=INVALID_SPAN_CONTEXT, resource=resource, instrumentation_scope=scope
    )
    return encode_spans([span]).resource_spans[0]
