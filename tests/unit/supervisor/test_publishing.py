"""Which policies are in force: the directory's, or the last good ones."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

import pytest
from comity.adapters.bundle_cache import BundleCache
from comity.adapters.policy_directory import PolicyDirectory
from comity.app.preparation import PolicyCompiler
from comity.app.startup import ExitCode, StartupError
from comity.policy.bundle import Bundle
from comity.policy.engine import Engine
from comity.policy.file_content import FileContent
from comity.policy.problems import Problem
from comity.supervisor.publishing import PolicyPublisher, Publication, tell_problem
from opentelemetry.trace import INVALID_SPAN, Span
from unit.grpc_api.small_world import BUNDLE

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Compiled:
    """What compiling gave."""

    bundle: Bundle | None
    problems: Sequence[Problem]


def compile_policies(files: Mapping[str, FileContent], today: date) -> Compiled:
    """Compile to the small world under a digest of its own, but for `broken` and `defect`."""
    del today
    content = b"".join(held for held in files.values() if isinstance(held, bytes))
    if content == b"defect":
        raise KeyError(content)
    if content == b"broken":
        return Compiled(None, (Problem("CP1", "a.yaml", 1, 2, "It is broken.", "good"),))
    return Compiled(replace(BUNDLE, digest=hashlib.sha256(content).hexdigest()), ())


@contextmanager
def no_trace(_: str) -> Iterator[Span]:
    """Trace nothing."""
    yield INVALID_SPAN


class Place:
    """A policy directory and a data directory."""

    def __init__(self, folder: Path) -> None:
        """Make both in `folder`."""
        self.policies = folder / "policies"
        self.policies.mkdir()
        self.kept = folder / "kept"
        self.defects: list[Exception] = []

    def write(self, content: str) -> None:
        """Make `content` the only policy file."""
        (self.policies / "a.yaml").write_text(content, "utf-8")

    def publisher(self) -> PolicyPublisher:
        """Return a publisher that knows nothing yet, as after a restart."""
        compiler = PolicyCompiler(compile_policies, Engine, self.defects.append)
        return PolicyPublisher(
            PolicyDirectory(self.policies, settle_seconds=0.005),
            BundleCache(self.kept),
            compiler,
            lambda: NOW,
            no_trace,
        )

    def start(self) -> Publication:
        """Return what a server would begin with."""
        return self.publisher().start()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A directory with good policies."""
    place = Place(tmp_path)
    place.write("good")
    return place


class Follower:
    """Follows a publisher and keeps what it publishes.

    Attributes:
        found: how things stood at the start and after each edit.
    """

    def __init__(self, publisher: PolicyPublisher) -> None:
        """Start `publisher` and follow it."""
        self.found = [publisher.start()]
        self._changed, self._stop = threading.Condition(), threading.Event()
        self._thread = threading.Thread(
            target=publisher.follow, args=(self.found[0], 0.05, self._stop, self._publish)
        )

    def __enter__(self) -> Self:
        """Begin to follow."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Follow no more."""
        self._stop.set()
        self._thread.join()

    def wait_for(self, reached: Callable[[], bool]) -> None:
        """Return once `reached` is true; fail if it never is."""
        with self._changed:
            assert self._changed.wait_for(reached, 10), self.found

    def _publish(self, publication: Publication) -> None:
        """Keep a publication."""
        with self._changed:
            self.found.append(publication)
            self._changed.notify()


def publications(place: Place, *edits: str) -> list[Publication]:
    """Return how things stand at the start and after each edit."""
    with Follower(place.publisher()) as follower:
        for edit in edits:
            before = len(follower.found)
            place.write(edit)
            follower.wait_for(lambda count=before: len(follower.found) > count)
    return follower.found


def epochs(found: Sequence[Publication]) -> list[tuple[int, str]]:
    """Return epoch and first problem's code of each publication."""
    return [
        (one.known.revision.epoch, one.refused_edit.problems[0].code if one.refused_edit else "")
        for one in found
    ]


def test_a_server_begins_with_what_the_directory_holds(place: Place) -> None:
    """The first content has epoch 1; the same content keeps it across a restart."""
    first, again = place.start(), place.start()
    assert first == again
    assert epochs([first]) == [(1, "")]
    assert not first.kept_from_earlier


def test_edits_come_into_force_and_broken_ones_do_not(place: Place) -> None:
    """A refused edit leaves the revision as it is; going back to it takes the refusal back."""
    found = publications(place, "better", "broken", "better", "defect", "best")
    assert epochs(found) == [(1, ""), (2, ""), (2, "CP1"), (2, ""), (2, "defect"), (3, "")]
    assert [type(error) for error in place.defects] == [KeyError]
    refused = found[2].refused_edit
    assert refused is not None
    assert [tell_problem(problem) for problem in refused.problems] == [
        "a.yaml:1:2 CP1 It is broken. Did you mean 'good'?"
    ]


def test_after_a_restart_with_broken_files_the_last_good_ones_serve(place: Place) -> None:
    """They are marked as kept, with the reason; once files are good again, they are not."""
    place.start()
    place.write("broken")
    kept, mended = publications(place, "good")
    assert epochs([kept, mended]) == [(1, "CP1"), (1, "")]
    assert (kept.kept_from_earlier, mended.kept_from_earlier) == (True, False)
    assert kept.files == mended.files == {"a.yaml": b"good"}


def break_file(place: Place) -> None:
    """Leave a file with a mistake."""
    place.write("broken")


def empty(place: Place) -> None:
    """Leave no file."""
    (place.policies / "a.yaml").unlink()


def make_unreadable(place: Place) -> None:
    """Leave a folder where a file should be."""
    (place.policies / "b.yaml").mkdir()


def take_away(place: Place) -> None:
    """Leave no directory."""
    place.policies.rename(place.policies.with_name("away"))


@pytest.mark.parametrize(
    ("ruin", "exit_code"),
    [
        (break_file, ExitCode.POLICIES_REFUSED),
        (empty, ExitCode.POLICIES_EMPTY),
        (make_unreadable, ExitCode.POLICIES_UNREADABLE),
        (take_away, ExitCode.POLICIES_MISSING),
    ],
)
def test_without_anything_good_there_is_nothing_to_begin_with(
    place: Place, ruin: Callable[[Place], None], exit_code: ExitCode
) -> None:
    """Each reason has an exit code of its own."""
    ruin(place)
    with pytest.raises(StartupError) as error:
        place.start()
    assert error.value.exit_code is exit_code


def test_what_another_directory_gave_is_not_last_good(place: Place, tmp_path: Path) -> None:
    """A server that is pointed elsewhere does not answer from where it was pointed before."""
    place.start()
    place.policies = tmp_path / "elsewhere"
    place.policies.mkdir()
    place.write("broken")
    with pytest.raises(StartupError):
        place.start()


def test_what_cant_be_kept_does_not_come_into_force_until_it_can(place: Place) -> None:
    """With a full disk an edit is refused, since a restart would lose it; later it is taken."""
    with Follower(place.publisher()) as follower:
        kept = place.kept.rename(place.kept.with_name("full"))
        place.kept.write_text("no directory", "utf-8")
        place.write("better")
        follower.wait_for(lambda: len(follower.found) > 1)
        assert epochs(follower.found[-1:]) == [(1, "not-kept")]
        place.kept.unlink()
        kept.rename(place.kept)
        follower.wait_for(lambda: follower.found[-1].refused_edit is None)
    assert epochs(follower.found[-1:]) == [(2, "")]
