"""The exporter: ships the spans of a journal to a collector, at least once, without decoding them.

`Backlog` finds batches behind the `Cursor`, a `Sender` ships each, and the cursor passes it once
the collector has it. How far that is behind is measured from outside, by `LagMeter`.
"""

from comity.journal.exporting.batch import Batch, BatchLimits, encode_request, read_batch
from comity.journal.exporting.collector import Collector, read_collector
from comity.journal.exporting.cursor import Counts, Cursor, is_exporting
from comity.journal.exporting.dead_letters import dead_letters
from comity.journal.exporting.exporter import Exporter, ExportOptions
from comity.journal.exporting.lag import Lag, LagMeter
from comity.journal.exporting.metrics import ExportCollector
from comity.journal.exporting.opening import open_sender
from comity.journal.exporting.patience import Pauses
from comity.journal.exporting.sampling import Sampling
from comity.journal.exporting.sending import Accepted, Answer, Deferred, Refused, Sender

__all__ = [
    "Accepted",
    "Answer",
    "Batch",
    "BatchLimits",
    "Collector",
    "Counts",
    "Cursor",
    "Deferred",
    "ExportCollector",
    "ExportOptions",
    "Exporter",
    "Lag",
    "LagMeter",
    "Pauses",
    "Refused",
    "Sampling",
    "Sender",
    "dead_letters",
    "encode_request",
    "is_exporting",
    "open_sender",
    "read_batch",
    "read_collector",
]
