"""Everything that looks at records of decisions, and what it shows."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path

import grpc
import pyarrow.parquet as pq
import pytest
from comity.adapters.bundle_cache import BundleCache
from comity.adapters.data_directory import bundles_in
from comity.app.active_policy import PolicyHolder
from comity.app.explanation import DecisionExplaining
from comity.app.ports.decision_records import NotOpenedError, NotRecomputed
from comity.cli import main
from comity.cli.explain_texts import told_json, told_lines
from comity.cli.local import compile_here
from comity.journal import read_segment, segments_in
from comity.journal.archiving import ArchiveOptions, ArchivePlace, Archiver, read_file
from comity.journal.exporting import Accepted, Answer, Refused
from comity.journal.places import journal_in
from comity.telemetry.identifiers import identity_octets
from comity.telemetry.recollection import Recollection
from comity.telemetry.records import KeptRecords
from comity.telemetry.sealed_facts import SealError, open_seal
from comity.v1 import decision_service_pb2
from comity.v1.decision_service_pb2_grpc import DecisionServiceStub
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from google.protobuf import json_format
from unit.journal.collectors import spans
from unit.journal.exports import export, open_journal

View = tuple[str, str]
PATIENCE_SECONDS = 30


def over_grpc(channel: grpc.Channel, identities: Iterable[str]) -> Iterator[str]:
    """Yield what GetDecision tells of decisions, as JSON: with instants as they are read."""
    stub = DecisionServiceStub(channel)
    for identity in identities:
        request = decision_service_pb2.GetDecisionRequest(decision_id=identity)
        yield json_format.MessageToJson(stub.GetDecision(request, timeout=PATIENCE_SECONDS))


class KeyInHand:
    """A `SealOpener` that records nothing: the journal is to stay as it is."""

    def __init__(self, private_key: X25519PrivateKey) -> None:
        """Open with `private_key`."""
        self._private_key = private_key

    def open(self, recorded: Recollection, reader: str) -> str:
        """Return what was asked."""
        octets = identity_octets(recorded.decision_id)
        try:
            return open_seal(self._private_key, recorded.span.attributes, octets)
        except SealError as error:
            raise NotOpenedError(NotRecomputed.ALTERED, reader) from error


def by_explain(
    data_dir: Path, private_key: X25519PrivateKey, identities: Iterable[str]
) -> Iterator[str]:
    """Yield what `comity explain` prints of decisions, with the key and without, both ways."""
    holder = PolicyHolder(BundleCache(bundles_in(data_dir)), compile_here)
    records = KeptRecords(journal_in(data_dir))
    for opener, unmade in ((KeyInHand(private_key), ()), (None, (NotRecomputed.SEALED,))):
        explaining = DecisionExplaining(records, holder, opener)
        for identity in identities:
            told = explaining.explain(identity, most_close=5, reader="test")
            assert told.why in (None, NotRecomputed.BIRTHDAY, *unmade), told.because
            yield told_json(told)
            yield "\n".join(told_lines(told))


def by_command(*arguments: str) -> str:
    """Return what a command prints that ends well."""
    printed = io.StringIO()
    with redirect_stdout(printed), pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code in (None, 0), arguments
    return printed.getvalue()


def by_traces(data_dir: Path, trace_id: str) -> Iterator[str]:
    """Yield what `comity traces` prints: the list, both ways, and one trace as a tree."""
    place = ("--data-dir", str(data_dir))
    yield by_command("traces", "--limit", "100000", *place)
    yield by_command("traces", "--limit", "100000", "--json", *place)
    yield by_command("traces", trace_id, *place)


def by_journal(journal: Path) -> Iterator[str]:
    """Yield what `comity journal` prints that shows spans, and what it says of the whole."""
    place = str(journal)
    yield by_command("journal", "tail", "-n", "100000", place)
    yield by_command("journal", "grep", "--effect", "allow", "--json", place)
    yield by_command("journal", "query", "--json", "SELECT * FROM spans", place)
    yield by_command("journal", "status", "--json", place)
    yield by_command("journal", "verify", "--json", place)


def of_archive(journal: Path, target: Path) -> Iterator[str]:
    """Yield what an archive of a journal holds: its columns, and its spans brought back."""
    options = ArchiveOptions(exported_only=False, keep=True)
    assert Archiver(journal, ArchivePlace(str(target)), options).run().spans
    for path in target.rglob("*.parquet"):
        for row in pq.read_table(path).drop_columns(["start"]).to_pylist():
            yield str(row)
        for archived in read_file(path):
            yield archived.span.decode("utf-8", "replace")


class RefusingSender:
    """A `Sender` to a collector that takes no span."""

    def send(self, request: bytes) -> Answer:
        """Refuse whatever holds a span."""
        return Refused("no such span here") if spans(request) else Accepted()

    def close(self) -> None:
        """Do nothing."""


def of_dead_letters(journal: Path, made: Path, share: int) -> Iterator[str]:
    """Yield what is left of spans that a collector refuses: of one span among `share`."""
    frames = [frame.span for segment in segments_in(journal) for frame in read_segment(segment)]
    chosen = frames[::share]
    with open_journal(made) as copy:
        copy.append_all(chosen)
    cursor = export(made, RefusingSender())
    assert cursor.counts.dead_lettered == len(chosen)
    for path in (made / "dead").iterdir():
        yield path.read_bytes().decode("utf-8", "replace")


def named(where: str, texts: Iterable[str]) -> Sequence[View]:
    """Return texts with where they come from, of which there must be some."""
    found = [(where, text) for text in texts]
    assert found, where
    return found
