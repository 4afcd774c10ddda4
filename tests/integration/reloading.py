"""Edits of the policy files, valid and broken ones mixed, while calls are being answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import psutil
from comity.v1.eligibility_service_pb2 import (
    BatchCheckEligibilityItem,
    BatchCheckEligibilityRequest,
    BatchCheckEligibilityResponse,
)
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from integration.server_process import ServerProcess, copy_policies, question, revision_of

_EDITED = "jurisdictions/ua.yaml"
_ITEMS = 20
_ASKERS = 2
_BATCHES_A_CONNECTION = 50
_APART = (("grpc.use_local_subchannel_pool", 1),)
_PAUSE_SECONDS = 0.005
_WARM_UP = 0.3
_EDIT_SECONDS = 20


@dataclass
class Outcome:
    """What came of edits under load.

    Attributes:
        applied: edits that came into force.
        refused: edits that were refused.
        batches: batches answered.
        failures: calls and items that failed, as text; must be empty.
        mixtures: batches that more than one revision answered, as text; must be empty.
        growth_bytes: by process, how much memory it took on after the first edits.
        seconds: how long it all took.
    """

    applied: int = 0
    refused: int = 0
    batches: int = 0
    failures: list[str] = field(default_factory=list)
    mixtures: list[str] = field(default_factory=list)
    growth_bytes: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0


class Askers:
    """Threads that ask batches, one after the other, and look at every answer."""

    def __init__(self, address: str, outcome: Outcome) -> None:
        """Ask the server at `address`, noting in `outcome` what is found."""
        self._address = address
        self._outcome = outcome
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._titles: dict[str, str] = {}
        self._threads = [threading.Thread(target=self._ask) for _ in range(_ASKERS)]

    def __enter__(self) -> None:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        """Stop asking."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        """Ask until told to stop."""
        items = [
            BatchCheckEligibilityItem(facts=question("call" if number % 2 else "message_send"))
            for number in range(_ITEMS)
        ]
        request = BatchCheckEligibilityRequest(items=items)
        while not self._stop.is_set():
            # Of several workers each connection reaches one.
            with grpc.insecure_channel(self._address, _APART) as channel:
                stub = EligibilityServiceStub(channel)
                for _ in range(_BATCHES_A_CONNECTION):
                    if self._stop.wait(_PAUSE_SECONDS):
                        return
                    self._ask_once(stub, request)

    def _ask_once(
        self, stub: EligibilityServiceStub, request: BatchCheckEligibilityRequest
    ) -> None:
        """Ask one batch."""
        try:
            reply = stub.BatchCheckEligibility(request, timeout=10)
        except grpc.RpcError as error:
            with self._lock:
                self._outcome.failures.append(f"{error.code()} {error.details()}")
        else:
            with self._lock:
                self._look_at(reply)

    def _look_at(self, reply: BatchCheckEligibilityResponse) -> None:
        """Note what is wrong with a reply."""
        self._outcome.batches += 1
        digest = reply.policy_revision.digest
        seen = set()
        for result in reply.results:
            if result.WhichOneof("result") != "response":
                self._outcome.failures.append(result.error.message)
            else:
                titles = tuple(reason.title for reason in result.response.reasons)
                seen.add((result.response.policy_revision.digest, titles))
        expected = {(digest, (self._titles.setdefault(digest, _title_in(reply)),))}
        if seen != expected:
            self._outcome.mixtures.append(f"{seen} instead of {expected}")


def _title_in(reply: BatchCheckEligibilityResponse) -> str:
    """Return the title of the first reason, which names the version of the files."""
    return next((r.title for one in reply.results for r in one.response.reasons), "")


class Editor:
    """Edits the policy files behind a link, each time in another way."""

    def __init__(self, folder: Path) -> None:
        """Make policy files in `folder`.

        Attributes:
            policies: the policy directory, a link.
        """
        self._folder = folder
        self._version = 1
        self.policies = folder / "policies"
        copy_policies(folder / "1")
        self.policies.symlink_to("1")
        self._good = (folder / "1" / _EDITED).read_text("utf-8")
        self._ways: Sequence[tuple[Callable[[str], None], bool]] = (
            (self._rename, True),
            (self._misspell, False),
            (self._write_slowly, True),
            (self._cut_short, False),
            (self._exchange_directory, True),
            (self._take_away, False),
        )

    def edit(self) -> bool:
        """Make the next edit; return whether its policies are valid."""
        way, valid = self._ways[self._version % len(self._ways)]
        self._version += 1
        way(self._good.replace("Version 1", f"Version {self._version}"))
        return valid

    @property
    def _path(self) -> Path:
        """The file that is edited."""
        return self.policies / _EDITED

    def _rename(self, text: str) -> None:
        """Write a new file and rename it over the old one."""
        draft = self._path.with_name(".draft")
        draft.write_text(text, "utf-8")
        draft.replace(self._path)

    def _misspell(self, text: str) -> None:
        """Put a file in place that has a mistake."""
        self._rename(text.replace("effect:", "efect:"))

    def _write_slowly(self, text: str) -> None:
        """Overwrite the file in place, in two parts."""
        with self._path.open("w", encoding="utf-8") as file:
            file.write(text[: len(text) // 2])
            file.flush()
            time.sleep(0.002)
            file.write(text[len(text) // 2 :])

    def _cut_short(self, text: str) -> None:
        """Leave a file that was written in half."""
        self._path.write_text(text[: text.rindex("applies_to")], "utf-8")

    def _exchange_directory(self, text: str) -> None:
        """Let the link lead to another directory."""
        before = self.policies.readlink()
        after = Path(str(self._version))
        copy_policies(self._folder / after)
        (self._folder / after / _EDITED).write_text(text, "utf-8")
        link = self._folder / "link"
        link.symlink_to(after)
        link.replace(self.policies)
        for path in sorted((self._folder / before).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (self._folder / before).rmdir()

    def _take_away(self, text: str) -> None:
        """Put a link to nowhere in place of the file."""
        link = self._path.with_name(".link")
        link.symlink_to(f"version-{len(text)}-{self._version}")
        link.replace(self._path)


def reload_under_load(folder: Path, edits: int, workers: int = 1) -> Outcome:
    """Return what came of `edits` edits, each of them dealt with before the next is made."""
    outcome = Outcome()
    editor = Editor(folder)
    started = time.monotonic()
    with (
        ServerProcess(
            folder, policies=editor.policies, poll_seconds=0.05, workers=workers
        ) as server,
        server.channel() as channel,
        Askers(str(server.addresses["listen"]), outcome),
    ):
        processes = {"supervisor": server.supervisor}
        for number, worker in enumerate(server.workers(workers), 1):
            processes[f"worker {number}"] = worker
        before = _memory_of(processes)
        for number in range(edits):
            if number == int(edits * _WARM_UP):
                before = _memory_of(processes)
            known = revision_of(channel)
            if editor.edit():
                _await(channel, partial(_applied, known))
                outcome.applied += 1
            else:
                _await(channel, partial(_refused, known))
                outcome.refused += 1
        after = _memory_of(processes)
        outcome.growth_bytes = {name: after[name] - before[name] for name in processes}
    outcome.seconds = time.monotonic() - started
    return outcome


def _applied(known: Any, new: Any) -> bool:
    """Return whether an edit came into force."""
    later: bool = new.policy_revision.epoch > known.policy_revision.epoch
    return later and not new.HasField("refused_edit")


def _refused(known: Any, new: Any) -> bool:
    """Return whether another edit was refused, the revision staying what it was."""
    assert new.policy_revision == known.policy_revision
    return bool(new.HasField("refused_edit") and new.refused_edit != known.refused_edit)


def _await(channel: grpc.Channel, is_it: Callable[[Any], bool]) -> None:
    """Return once what GetRevision tells is it; fail if it never is."""
    deadline = time.monotonic() + _EDIT_SECONDS
    while not is_it(found := revision_of(channel)):
        assert time.monotonic() < deadline, found
        time.sleep(0.005)


def _memory_of(processes: Mapping[str, psutil.Process]) -> Mapping[str, int]:
    """Return the memory that each process holds of its own, without files that are mapped."""
    found = {name: process.memory_info() for name, process in processes.items()}
    return {name: memory.rss - memory.shared for name, memory in found.items()}
