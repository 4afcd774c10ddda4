"""The file that says what callers may ask for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from comity.adapters.callers_file import CallersFile, CallersFileError, parse_callers
from comity.domain.errors import NotEntitledError
from comity.domain.request import Caller, Options, View

THEN = datetime(2024, 9, 20, tzinfo=UTC)
LISTED = b"""\
callers:
  - identity: spiffe://example.org/legal
    views: [caller, legal]
    as_of: true
  - identity: search.example.org
    views: user
  - identity: feed.example.org
"""


@pytest.fixture
def callers(tmp_path: Path) -> CallersFile:
    """A file with three callers."""
    (tmp_path / "callers.yaml").write_bytes(LISTED)
    return CallersFile(tmp_path / "callers.yaml")


def may(callers: CallersFile, caller: Caller, options: Options) -> bool:
    """Return whether `caller` may use `options`."""
    try:
        callers.require(caller, options)
    except NotEntitledError:
        return False
    return True


@pytest.mark.parametrize(
    ("identity", "views", "as_of"),
    [
        ("spiffe://example.org/legal", {View.CALLER, View.LEGAL}, True),
        ("search.example.org", {View.USER}, False),
        ("feed.example.org", {View.CALLER, View.USER}, False),
        ("unlisted.example.org", {View.CALLER, View.USER}, False),
        (None, {View.CALLER, View.USER}, False),
    ],
)
def test_each_caller_may_what_its_entry_says(
    callers: CallersFile, identity: str | None, views: set[View], *, as_of: bool
) -> None:
    """Listed callers get what is listed; others the ordinary views of the present."""
    caller = Caller(identity)
    view = next(iter(views))
    assert {one for one in View if may(callers, caller, Options(view=one))} == views
    assert may(callers, caller, Options(view=view, as_of=THEN)) is as_of
    assert may(callers, caller, Options(view=view, as_known=THEN)) is as_of


def test_everything_is_open_on_the_same_machine(callers: CallersFile) -> None:
    """A call over loopback may use every view and instant, whatever the file says."""
    caller = Caller("search.example.org", loopback=True)
    for view in View:
        assert may(callers, caller, Options(view=view, as_of=THEN, as_known=THEN))


def test_the_refusal_names_the_option(callers: CallersFile) -> None:
    """The message says which option was too much."""
    with pytest.raises(NotEntitledError, match=r"options\.view VIEW_LEGAL is only for"):
        callers.require(Caller("search.example.org"), Options(view=View.LEGAL))


def test_every_mistake_is_reported_with_its_place() -> None:
    """One reading finds all mistakes."""
    content = b"""\
callers:
  - identity: a
    views: [caller, everything]
    as_off: true
  - identity: a
    as_of: maybe
  - views: user
  - just text
"""
    with pytest.raises(CallersFileError) as caught:
        parse_callers(content, "callers.yaml")
    assert str(caught.value).splitlines() == [
        "callers.yaml:4:5 unknown key 'as_off'; keys are identity, views, as_of",
        "callers.yaml:3:21 'everything' is no view; views are caller, user, legal",
        "callers.yaml:5:15 a is listed twice",
        "callers.yaml:6:12 `as_of` must be true or false",
        "callers.yaml:7:5 needs an `identity`, that of the client certificate",
        "callers.yaml:8:5 must be a mapping with identity, views, as_of",
        "callers.yaml:8:5 needs an `identity`, that of the client certificate",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "c:1:1 must hold `callers:` with a list"),
        (b"callers: x", "c:1:10 `callers:` must be a list"),
        (b"caller: []", "c:1:1 unknown key 'caller'; keys are callers"),
        (b"callers: [", "c:1:11 is not YAML"),
        (b"callers: \xff", "c:1:1 is not UTF-8"),
        (b"callers: \x00", "c:1:1 holds characters that YAML does not allow"),
        (b"[" * 100_000, "c:1:1 holds characters that YAML does not allow, or is nested too"),
        (b"callers: []\ncallers: []", "c:2:1 the key 'callers' stands here twice"),
    ],
)
def test_what_is_no_list_of_callers_is_refused(content: bytes, message: str) -> None:
    """Anything else than a list under `callers` is refused."""
    with pytest.raises(CallersFileError) as caught:
        parse_callers(content, "c")
    assert str(caught.value).startswith(message)


def test_an_edit_is_taken_up_and_a_broken_one_is_not(tmp_path: Path, callers: CallersFile) -> None:
    """The last good content stays in force, and the error shows until the file is mended."""
    path = tmp_path / "callers.yaml"
    caller, wanted = Caller("search.example.org"), Options(view=View.LEGAL)
    assert not callers.reload_if_changed()
    path.write_bytes(LISTED.replace(b"views: user", b"views: legal"))
    assert callers.reload_if_changed()
    assert may(callers, caller, wanted)
    path.write_bytes(b"callers: no")
    assert callers.reload_if_changed()
    assert not callers.reload_if_changed()
    assert callers.error == "callers.yaml:1:10 `callers:` must be a list"
    assert may(callers, caller, wanted)
    path.unlink()
    callers.reload_if_changed()
    assert callers.error is not None
    path.write_bytes(LISTED)
    assert callers.reload_if_changed()
    assert callers.error is None
    assert not may(callers, caller, wanted)


def test_a_file_that_can_not_be_read_is_an_error(tmp_path: Path) -> None:
    """A missing file keeps the server from starting."""
    with pytest.raises(CallersFileError, match="can't be read"):
        CallersFile(tmp_path / "callers.yaml")
