"""How the server stands after each thing that happens, and what it tells of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from comity.adapters.worker_link import Failed, InForce, Listening, NotPrepared
from comity.app.active_policy import KnownRevision
from comity.app.ports.policy_status import RefusedEdit, RefusedProblem
from comity.app.startup import ExitCode
from comity.domain.request import Revision
from comity.settings import load_settings
from comity.supervisor.banner import banner
from comity.supervisor.publishing import Publication
from comity.supervisor.standing import Standing
from comity.supervisor.workers import Ended, OfWorker, Started, WorkerEvent

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FIRST, SECOND = (KnownRevision(Revision(n, f"{n}" * 64), NOW) for n in (1, 2))
PROBLEM = RefusedProblem("a.yaml", 3, 5, "CP101", "It is too large.")
REFUSED = RefusedEdit(NOW, 1, (PROBLEM,))
PUBLICATION = Publication(FIRST, {}, b"", jurisdiction_count=74, rule_count=157)
BEGIN: tuple[WorkerEvent, ...] = (
    Started(10),
    Listening("localhost:4000", ("comity.v1.PolicyService",)),
    InForce(FIRST),
)


def standing_after(*events: WorkerEvent | Publication) -> Standing:
    """Return how a server stands that began with `PUBLICATION`."""
    standing = Standing(PUBLICATION)
    for event in events:
        told = event if isinstance(event, Publication) else OfWorker(1, event)
        standing = standing.after(told)
    return standing


@pytest.mark.parametrize(
    ("events", "serving", "fresh"),
    [
        ((), False, False),
        (BEGIN[:2], False, False),
        (BEGIN, True, True),
        ((*BEGIN, replace(PUBLICATION, refused_edit=REFUSED)), True, False),
        ((*BEGIN, replace(PUBLICATION, known=SECOND)), True, False),
        ((*BEGIN, replace(PUBLICATION, known=SECOND), NotPrepared(2, SECOND)), True, False),
        ((*BEGIN, replace(PUBLICATION, known=SECOND), InForce(SECOND)), True, True),
        ((*BEGIN, Ended(10, -9)), False, False),
        ((*BEGIN, Ended(10, -9), Started(11), Failed(ExitCode.DEFECT, "")), False, False),
        ((*BEGIN, Ended(10, -9), Started(11), *BEGIN[1:]), True, True),
    ],
)
def test_a_server_serves_while_a_worker_has_policies(
    events: tuple[WorkerEvent | Publication, ...], *, serving: bool, fresh: bool
) -> None:
    """It is fresh while these are the latest edit."""
    standing = standing_after(*events)
    assert (standing.serving, standing.fresh) == (serving, fresh)


def test_a_server_of_several_workers_serves_while_one_does() -> None:
    """It is fresh when all that serve answer from the latest edit."""
    both = standing_after(*BEGIN).after(OfWorker(2, Started(11))).after(OfWorker(2, InForce(FIRST)))
    assert (both.serving, both.fresh, both.in_force) == (True, True, FIRST)
    one_changed = both.after(replace(PUBLICATION, known=SECOND)).after(OfWorker(2, InForce(SECOND)))
    assert (one_changed.serving, one_changed.fresh, one_changed.in_force) == (True, False, None)
    other_died = one_changed.after(OfWorker(1, Ended(10, -9)))
    assert (other_died.serving, other_died.fresh, other_died.in_force) == (True, True, SECOND)
    assert not other_died.after(OfWorker(2, Ended(11, -9))).serving


def test_a_draining_server_does_not_serve() -> None:
    """Whoever asks is sent elsewhere from the first moment on."""
    assert not replace(standing_after(*BEGIN), draining=True).serving


def test_the_status_tells_of_a_refused_edit() -> None:
    """It has the problems with their places, beside what is in force."""
    standing = standing_after(*BEGIN, replace(PUBLICATION, refused_edit=REFUSED))
    status = standing.to_status({"listen": "localhost:4000"})
    policies = status["policies"]
    assert isinstance(policies, dict)
    assert policies["refused_edit"] == {
        "noticed_at": "2026-11-24T12:00:00+00:00",
        "problem_count": 1,
        "problems": [
            {
                "file": "a.yaml",
                "line": 3,
                "column": 5,
                "code": "CP101",
                "message": "It is too large.",
            }
        ],
    }
    assert status["workers"] == [{"worker": 1, "pid": 10, "starts": 1, "epoch": 1}]
    assert status["listen"] == "localhost:4000"


def test_the_banner_says_what_is_not_as_it_should_be() -> None:
    """Kept policies and warnings can't be overlooked."""
    publication = replace(PUBLICATION, refused_edit=REFUSED, warnings=(PROBLEM, PROBLEM))
    lines = banner(publication, load_settings({"HOME": "/"}, {}), "nowhere").splitlines()
    assert lines[:4] == [
        "Comity serves decisions on localhost:50051",
        f"  policies  policies: revision 1 ({'1' * 12}), 74 jurisdictions and bodies, 157 rules",
        (
            "            THE FILES AS THEY ARE CAN'T BE USED; serving what was in force before. "
            "Problems: 1, see the log"
        ),
        "            warnings: 2, see the log",
    ]


def test_the_banner_names_another_server_in_its_commands() -> None:
    """Commands to paste ask the server that printed them, wherever it listens."""
    settings = load_settings({"HOME": "/", "COMITY_LISTEN": "localhost:4000"}, {})
    commands = [line for line in banner(PUBLICATION, settings, "").splitlines() if "check" in line]
    assert len(commands) == 3
    assert all(line.startswith("  COMITY_SERVER=localhost:4000 ") for line in commands)


@pytest.mark.parametrize(
    ("flags", "ending"), [({}, "traces"), ({"data_dir": "/a b"}, "traces --data-dir '/a b'")]
)
def test_the_banner_says_how_to_see_what_was_recorded(
    flags: dict[str, object], ending: str
) -> None:
    """By a command to paste, which names the directory if it is not the usual one."""
    lines = banner(PUBLICATION, load_settings({"HOME": "/"}, flags), "").splitlines()
    assert lines[lines.index("See what it recorded:") + 1].endswith(f"comity {ending}")
