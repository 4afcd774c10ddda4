"""Export to a collector that we did not write: rotel, where that is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from comity.journal.exporting import BatchLimits, Collector, Counts, ExportOptions, open_sender
from integration.deliveries import Recorded, received_by
from integration.server_process import eventually
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from unit.journal.collectors import Collected, grpc_collector
from unit.journal.exports import Waits, export, open_journal, otlp_span, write

ROTEL = importlib.util.find_spec("rotel")
POISON = b"\x0a\xff\xff\xff\x7fnot the length that it says"

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(ROTEL is None, reason="rotel is not installed"),
]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("localhost", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def rotel(behind: Collected) -> Iterator[dict[str, str]]:
    """Run rotel in front of a collector of ours; yield its address for each protocol."""
    assert ROTEL is not None
    assert ROTEL.origin is not None
    addresses = {name: f"localhost:{free_port()}" for name in ("grpc", "http/protobuf")}
    command = [
        str(Path(ROTEL.origin).with_name("rotel-agent")),
        "start",
        f"--otlp-grpc-endpoint={addresses['grpc']}",
        f"--otlp-http-endpoint={addresses['http/protobuf']}",
        "--exporter=otlp",
        f"--otlp-exporter-endpoint=http://{behind.address}",
        "--batch-timeout=50ms",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
    ) as process:
        try:
            for address in addresses.values():
                eventually(lambda at=address: is_listening(at))
            yield addresses
        finally:
            process.kill()


def is_listening(address: str) -> bool:
    """Return whether somebody listens there."""
    host, _, port = address.rpartition(":")
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) == 0


def numbers(collected: Collected) -> list[int]:
    """Return the numbers of the spans that arrived."""
    return [
        int.from_bytes(span.trace_id)
        for request in list(collected.requests)
        for resource_spans in ExportTraceServiceRequest.FromString(request).resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_every_span_arrives_but_the_poison(tmp_path: Path, protocol: str, *, gzip: bool) -> None:
    """Through its decoder and encoder: the same set of spans, each once; one dead letter."""
    write(tmp_path, *range(1, 1001))
    with open_journal(tmp_path, worker=1) as journal:
        journal.append_all([otlp_span(1001), POISON, otlp_span(1002)])
    with grpc_collector() as behind, rotel(behind) as addresses:
        path = "" if protocol == "grpc" else "/v1/traces"
        collector = Collector(
            protocol, secure=False, host=addresses[protocol], path=path, gzip=gzip
        )
        cursor = export(
            tmp_path,
            open_sender(collector),
            ExportOptions(BatchLimits(most_spans=100)),
            Waits(),
        )
        assert cursor.counts == Counts(delivered=1002, dead_lettered=1)
        eventually(lambda: len(numbers(behind)) >= 1002)
        assert sorted(numbers(behind)) == list(range(1, 1003))
    (reasons,) = (tmp_path / "dead").glob("*.jsonl")
    (letter,) = map(json.loads, reasons.read_text().splitlines())
    assert (letter["sequence"], letter["decision_id"]) == (2, None)


def test_every_decision_that_callers_were_told_of_arrives(recorded: Recorded) -> None:
    """What a server recorded, by the ids in its replies: through rotel, each once."""
    with grpc_collector() as behind, rotel(behind) as addresses:
        sender = open_sender(Collector("grpc", secure=False, host=addresses["grpc"]))
        counts = export(recorded.journal, sender, ExportOptions(BatchLimits(most_spans=50))).counts
        eventually(lambda: len(behind.taken()) >= counts.delivered)
        received = received_by(behind)
    assert recorded.answered - set(received) == set()
    assert len(received) == len(set(received))
    assert counts == Counts(delivered=len(behind.taken()))
