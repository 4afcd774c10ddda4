"""Records of decisions that are found in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from comity.app.ports.decision_recorder import DecisionRecord, DecisionRecorder
from comity.app.ports.decision_recorder import InMemoryDecisionRecorder as Recorder
from comity.telemetry.decoding import stored_span
from comity.telemetry.recollection import Recollection, recollect
from opentelemetry.context import Context, attach, detach
from opentelemetry.util.types import AttributeValue
from unit.telemetry.in_memory import InMemoryTelemetry, TracingSettings


@dataclass
class InMemoryRecords:
    """`DecisionRecords` of what a recorder in memory was told.

    Attributes:
        recorder: the recorder; of one that keeps nothing, nothing is found.
        settings: how they are recorded.
        tampering: attributes that somebody puts in the place of those recorded.
    """

    recorder: DecisionRecorder
    settings: TracingSettings = field(default_factory=TracingSettings)
    tampering: Mapping[str, AttributeValue] = field(default_factory=dict)

    def find(self, decision_id: str) -> Recollection | None:
        """Return the record of a decision; None if none is kept."""
        recorder = self.recorder
        record = recorder.records.get(decision_id) if isinstance(recorder, Recorder) else None
        return None if record is None else self._recollection(decision_id, record)

    def _recollection(self, decision_id: str, record: DecisionRecord) -> Recollection:
        """Return the record as its span tells it."""
        telemetry = InMemoryTelemetry(self.settings)
        # Else it would be recorded with the call that asks for it.
        token = attach(Context())
        try:
            telemetry.recorder.record(record)
        finally:
            detach(token)
        (octets,) = telemetry.encoded()
        span = stored_span(octets, "worker")
        assert span is not None
        trace_id, _, span_id = decision_id.partition("-")
        said = {**span.attributes, **self.tampering}
        return recollect(replace(span, trace_id=trace_id, span_id=span_id, attributes=said))
