"""Reading and watching a policy directory, whatever editors and mounts do to it."""

from __future__ import annotations

import os
import shutil
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from comity.adapters.policy_directory import (
    MOST_FILE_BYTES,
    Fault,
    FileSet,
    PolicyDirectory,
    PolicyDirectoryError,
    Reading,
)
from comity.adapters.policy_watch import watch_policies
from comity.policy.file_content import Unreadable


def write(root: Path, **contents: str) -> None:
    """Write files whose names are given with `__` for `/`."""
    for name, content in contents.items():
        path = root / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def read(root: Path) -> FileSet:
    """Return the files of a directory that must be in order."""
    reading = PolicyDirectory(root, settle_seconds=0.01).read()
    assert isinstance(reading, FileSet), reading
    return reading


def fault_of(root: Path) -> PolicyDirectoryError:
    """Return what is wrong with a directory."""
    reading = PolicyDirectory(root, settle_seconds=0.01).read()
    assert isinstance(reading, PolicyDirectoryError)
    return reading


def test_files_are_read_with_their_relative_paths(tmp_path: Path) -> None:
    """Every YAML file counts, at the top and in folders, sorted by path."""
    write(tmp_path, platform="p", jurisdictions__ua="u", tests__ua_test="t")
    assert dict(read(tmp_path).files) == {
        "jurisdictions/ua.yaml": b"u",
        "platform.yaml": b"p",
        "tests/ua_test.yaml": b"t",
    }


def test_what_editors_and_mounts_leave_about_is_passed_over(tmp_path: Path) -> None:
    """Hidden files, backups, lock files and other suffixes are no policy files."""
    write(tmp_path, platform="p")
    for name in (".platform.yaml.swp", "platform.yaml~", "#platform.yaml#", "README.md"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").write_text("x", encoding="utf-8")
    assert list(read(tmp_path).files) == ["platform.yaml"]


def test_a_file_with_the_other_suffix_is_not_passed_over(tmp_path: Path) -> None:
    """A `.yml` file reaches the compiler, which names it, rather than being ignored silently."""
    (tmp_path / "platform.yml").write_text("p", encoding="utf-8")
    assert list(read(tmp_path).files) == ["platform.yml"]


def test_the_digest_tells_names_and_contents_apart(tmp_path: Path) -> None:
    """Renaming a file, or moving a byte from one file to the next, changes the digest."""
    digests = set()
    for number, contents in enumerate(({"a": "1"}, {"b": "1"}, {"a": "1", "b": ""}, {"a": "2"})):
        write(tmp_path / str(number), **contents)
        digests.add(read(tmp_path / str(number)).digest)
    assert len(digests) == 4


def test_a_directory_that_is_missing_or_empty_says_so(tmp_path: Path) -> None:
    """A missing directory, a file in its place and an empty directory each have their fault."""
    assert fault_of(tmp_path / "none").fault is Fault.MISSING
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert fault_of(tmp_path / "file").fault is Fault.MISSING
    assert fault_of(tmp_path).fault is Fault.EMPTY
    assert str(tmp_path) in str(fault_of(tmp_path))


def test_a_directory_that_can_not_be_looked_at_is_unreadable(tmp_path: Path) -> None:
    """A name that is too long stands for a folder that is closed to us, which root never meets."""
    error = fault_of(tmp_path / ("x" * 300))
    assert error.fault is Fault.UNREADABLE
    assert str(error).endswith(" can't be read: File name too long")


def make_dangling_link(path: Path) -> None:
    """Make a link that leads nowhere."""
    path.symlink_to("nowhere")


def make_loop(path: Path) -> None:
    """Make a link that leads to itself."""
    path.symlink_to(path.name)


def make_socket(path: Path) -> None:
    """Make a socket that nobody listens on."""
    os.mknod(path, stat.S_IFSOCK | 0o600)


def make_device(path: Path) -> None:
    """Make a link to a device."""
    path.symlink_to(os.devnull)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_dangling_link, "it is a link that leads nowhere"),
        (make_loop, "Too many levels of symbolic links"),
        (make_socket, "it is a socket"),
        (make_device, "it is a device"),
        (os.mkfifo, "it is a named pipe"),
        (os.mkdir, "it is a directory"),
    ],
)
def test_what_can_not_be_read_stands_among_the_files(
    tmp_path: Path, make: Callable[[Path], None], reason: str
) -> None:
    """It is named with the reason, nothing is waited for, and every other file is read."""
    write(tmp_path, platform="p", jurisdictions__fr="f")
    make(tmp_path / "jurisdictions" / "ua.yaml")
    make(tmp_path / "x.yaml")
    assert dict(read(tmp_path).files) == {
        "jurisdictions/fr.yaml": b"f",
        "jurisdictions/ua.yaml": Unreadable(reason),
        "platform.yaml": b"p",
        "x.yaml": Unreadable(reason),
    }


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_dangling_link, "it is a link that leads nowhere"),
        (make_loop, "Too many levels of symbolic links"),
        (Path.touch, "it is no directory"),
    ],
)
def test_what_stands_in_place_of_a_folder_is_told(
    tmp_path: Path, make: Callable[[Path], None], reason: str
) -> None:
    """All the files in it would be missing without a word; other names are passed over."""
    write(tmp_path, platform="p")
    make(tmp_path / "jurisdictions")
    make(tmp_path / "README")
    assert dict(read(tmp_path).files) == {
        "jurisdictions": Unreadable(reason),
        "platform.yaml": b"p",
    }


def test_a_name_that_can_not_be_printed_is_told_in_ascii(tmp_path: Path) -> None:
    """The file is not read, and the others are."""
    write(tmp_path, platform="p")
    (tmp_path / "a\n.yaml").write_text("x", encoding="utf-8")
    reason = "its name has characters that can't be printed"
    assert dict(read(tmp_path).files) == {
        "'a\\n.yaml'": Unreadable(reason),
        "platform.yaml": b"p",
    }


def test_becoming_unreadable_is_a_change(tmp_path: Path) -> None:
    """A reason is told apart from a file that holds it, and from another reason."""
    write(tmp_path, a="it is a directory")
    digests = {read(tmp_path).digest}
    path = tmp_path / "a.yaml"
    for make in (os.mkdir, make_socket):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        make(path)
        digests.add(read(tmp_path).digest)
    assert len(digests) == 3


def test_a_huge_file_is_cut_just_above_the_limit(tmp_path: Path) -> None:
    """Reading is bounded, and the compiler still sees that the file is too long."""
    (tmp_path / "a.yaml").write_bytes(b"#" * (MOST_FILE_BYTES * 2))
    assert len(read(tmp_path).files["a.yaml"]) == MOST_FILE_BYTES + 1


def test_a_folder_that_leads_back_to_itself_ends(tmp_path: Path) -> None:
    """A loop of links is followed to a fixed depth only."""
    write(tmp_path, platform="p")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert len(read(tmp_path).files) == 4


def test_a_file_that_is_being_written_is_read_when_it_is_complete(tmp_path: Path) -> None:
    """Reading waits until two readings agree."""
    path = tmp_path / "a.yaml"
    path.write_text("", encoding="utf-8")
    started = threading.Event()

    def write_slowly() -> None:
        with path.open("w", encoding="utf-8") as file:
            for line in range(10):
                file.write(f"{line}\n")
                file.flush()
                started.set()
                time.sleep(0.02)

    writer = threading.Thread(target=write_slowly)
    writer.start()
    started.wait()
    reading = PolicyDirectory(tmp_path, settle_seconds=0.1).read()
    writer.join()
    assert isinstance(reading, FileSet)
    assert reading.files["a.yaml"].endswith(b"9\n")


class Watched:
    """A watch in a thread, whose readings can be waited for."""

    def __init__(self, root: Path, poll_seconds: float) -> None:
        """Watch `root` from its present state on."""
        self._directory = PolicyDirectory(root, settle_seconds=0.01)
        self._readings: list[Reading] = []
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(poll_seconds,))
        self._seen = self._directory.fingerprint()
        self._thread.start()

    def _run(self, poll_seconds: float) -> None:
        for reading in watch_policies(
            self._directory, lambda found: found != self._seen, poll_seconds, self._stop
        ):
            with self._changed:
                self._seen = reading.fingerprint
                self._readings.append(reading)
                self._changed.notify_all()

    def wait_for(self, files: dict[str, bytes] | Fault) -> None:
        """Return once the latest reading is `files`, or the fault."""

        def reached() -> bool:
            if not self._readings:
                return False
            last = self._readings[-1]
            if isinstance(last, FileSet):
                return dict(last.files) == files
            return last.fault is files

        with self._changed:
            assert self._changed.wait_for(reached, 10), self._readings[-1:]

    @property
    def count(self) -> int:
        """How many changes were seen."""
        return len(self._readings)

    def close(self) -> None:
        """End the watch."""
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """A directory `current` with one file, watched."""
    write(tmp_path / "current", a="1")
    watch = Watched(tmp_path / "current", poll_seconds=0.2)
    yield watch
    watch.close()


def test_an_edit_in_place_is_noticed(tmp_path: Path, watched: Watched) -> None:
    """Writing to a file shows as one new reading."""
    write(tmp_path / "current", a="2")
    watched.wait_for({"a.yaml": b"2"})


def test_an_editor_that_renames_is_noticed(tmp_path: Path, watched: Watched) -> None:
    """Writing a new file and renaming it over the old one shows."""
    (tmp_path / "current" / ".a.yaml.new").write_text("2", encoding="utf-8")
    (tmp_path / "current" / ".a.yaml.new").rename(tmp_path / "current" / "a.yaml")
    watched.wait_for({"a.yaml": b"2"})


def test_touching_a_file_is_no_change(tmp_path: Path, watched: Watched) -> None:
    """Only contents count: a touched file gives no reading, the edit after it gives one."""
    (tmp_path / "current" / "a.yaml").touch()
    time.sleep(0.5)
    assert watched.count == 0
    write(tmp_path / "current", a="2")
    watched.wait_for({"a.yaml": b"2"})


def test_a_directory_that_vanishes_and_returns_is_noticed(tmp_path: Path, watched: Watched) -> None:
    """Its absence is a reading of its own, and its return another."""
    (tmp_path / "current").rename(tmp_path / "away")
    watched.wait_for(Fault.MISSING)
    (tmp_path / "away").rename(tmp_path / "current")
    watched.wait_for({"a.yaml": b"1"})
    write(tmp_path / "current", a="2")
    watched.wait_for({"a.yaml": b"2"})


def test_a_link_to_another_directory_is_noticed(tmp_path: Path) -> None:
    """Exchanging the watched link itself, as git-sync does, is noticed though it sends no event."""
    for name in ("one", "two", "three"):
        write(tmp_path / name, a=name)
    (tmp_path / "link").symlink_to("one")
    watched = Watched(tmp_path / "link", poll_seconds=0.1)
    try:
        for name in ("two", "three", "one"):
            (tmp_path / "next").symlink_to(name)
            (tmp_path / "next").replace(tmp_path / "link")
            watched.wait_for({"a.yaml": name.encode()})
        write(tmp_path / "one", a="edited")
        watched.wait_for({"a.yaml": b"edited"})
    finally:
        watched.close()


def test_a_kubernetes_config_map_is_read_and_its_exchange_noticed(tmp_path: Path) -> None:
    """Files that are links through `..data` are read once each, and change all together."""
    mount = tmp_path / "mount"
    for version in ("1", "2"):
        write(mount / f"..version_{version}", a=version, jurisdictions__ua=version)
    (mount / "..data").symlink_to("..version_1")
    (mount / "a.yaml").symlink_to("..data/a.yaml")
    (mount / "jurisdictions").symlink_to("..data/jurisdictions")
    assert dict(read(mount).files) == {"a.yaml": b"1", "jurisdictions/ua.yaml": b"1"}
    watched = Watched(mount, poll_seconds=5)
    try:
        time.sleep(0.3)
        (mount / "..data_tmp").symlink_to("..version_2")
        (mount / "..data_tmp").replace(mount / "..data")
        watched.wait_for({"a.yaml": b"2", "jurisdictions/ua.yaml": b"2"})
        assert watched.count == 1
    finally:
        watched.close()
