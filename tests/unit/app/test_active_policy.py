"""The policy in force: one reference that only goes forward."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from comity.app.active_policy import ActivePolicy, KnownRevision, PolicyHolder
from comity.app.ports.policy_status import RefusedEdit
from comity.domain.decision import Decision
from comity.domain.errors import NoPolicyError
from comity.domain.facts import Facts
from comity.domain.request import Revision
from comity.policy.atlas import Atlas
from comity.policy.bundle import Bundle
from comity.policy.lexicon import Lexicon
from comity.policy.rules import Ruleset
from unit.grpc_api.small_world import BUNDLE

START = datetime(2024, 9, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


class NoEngine:
    """An evaluator that is never asked."""

    def evaluate(self, facts: Facts, now: datetime) -> Decision:
        """Fail."""
        raise AssertionError((facts, now))


def policy_of(epoch: int, since: datetime = START) -> ActivePolicy:
    """Return an empty policy."""
    rules = Ruleset((), Lexicon(), Atlas())
    bundle = Bundle(f"{epoch:064x}", "2026a", {}, rules, rules, BUNDLE.requests)
    return ActivePolicy(Revision(epoch, bundle.digest), bundle, NoEngine(), since)


class InMemoryHistory:
    """A `RevisionHistory` in a list."""

    def __init__(self, *known: KnownRevision) -> None:
        """Know these, earliest first."""
        self._known = known

    def known_at(self, instant: datetime) -> KnownRevision | None:
        """Return the last one that began by then."""
        earlier = [known for known in self._known if known.in_force_since <= instant]
        return earlier[-1] if earlier else None

    def with_content(self, digest: str) -> KnownRevision | None:
        """Return the last one of this digest."""
        same = [known for known in self._known if known.revision.digest == digest]
        return same[-1] if same else None

    def files_of(self, known: KnownRevision) -> Mapping[str, bytes]:
        """Return one file that holds the epoch."""
        return {"epoch.yaml": str(known.revision.epoch).encode()}


def recompile(known: KnownRevision, files: Mapping[str, bytes]) -> ActivePolicy:
    """Return the policy whose epoch the file holds."""
    return policy_of(int(files["epoch.yaml"]), known.in_force_since)


def holder_of(*known: KnownRevision) -> PolicyHolder:
    """Return a holder with a history."""
    return PolicyHolder(InMemoryHistory(*known), recompile)


def test_nothing_is_in_force_at_first() -> None:
    """Without a revision there is no current policy, no status and no history."""
    holder = holder_of()
    assert holder.current is None
    assert holder.known_at(START) is None
    with pytest.raises(NoPolicyError):
        holder.policy_status()


def test_revisions_only_go_forward() -> None:
    """A revision that arrives late does not replace a later one."""
    holder = holder_of()
    holder.publish(policy_of(2))
    holder.publish(policy_of(1))
    assert holder.current is not None
    assert holder.current.revision.epoch == 2


def test_a_refused_edit_shows_until_it_is_replaced_or_taken_back() -> None:
    """The status carries the refused edit, and the revision before it stays in force."""
    holder = holder_of()
    edit = RefusedEdit(START, 1, ())
    holder.publish(policy_of(1))
    holder.refuse(edit)
    assert holder.policy_status().refused_edit == edit
    assert holder.policy_status().revision.epoch == 1
    holder.refuse(None)
    assert holder.policy_status().refused_edit is None
    holder.refuse(edit)
    holder.publish(policy_of(2))
    assert holder.policy_status().refused_edit is None


def test_waiting_ends_when_the_epoch_is_reached() -> None:
    """A caller that has seen a later revision elsewhere waits until it is here."""
    holder = holder_of()
    holder.publish(policy_of(1))
    publisher = threading.Timer(0.05, lambda: holder.publish(policy_of(2)))
    publisher.start()
    reached = holder.wait_for_epoch(2, 10)
    publisher.join()
    assert reached is not None
    assert reached.revision.epoch == 2


def test_waiting_ends_with_the_timeout() -> None:
    """An epoch that doesn't come gives nothing, not an older revision."""
    holder = holder_of()
    holder.publish(policy_of(1))
    assert holder.wait_for_epoch(2, 0.01) is None


def test_an_old_instant_is_answered_by_the_revision_of_that_time() -> None:
    """The revision in force counts from its start; before it the history does, compiled once."""
    holder = holder_of(
        KnownRevision(Revision(1, "1" * 64), START),
        KnownRevision(Revision(2, "2" * 64), START + HOUR),
    )
    holder.publish(policy_of(3, START + 2 * HOUR))
    assert holder.known_at(START - HOUR) is None
    found = [holder.known_at(START + HOUR * hours / 2) for hours in range(6)]
    assert [one.revision.epoch for one in found if one] == [1, 1, 2, 2, 3, 3]
    assert found[0] is found[1]


def test_a_revision_is_found_by_what_it_holds() -> None:
    """The one in force as it is, one of old compiled once; what nobody kept is not."""
    holder = holder_of(KnownRevision(Revision(1, "1" * 64), START))
    assert holder.with_content(f"{2:064x}") is None
    holder.publish(policy_of(2, START + HOUR))
    assert holder.with_content(f"{2:064x}") is holder.current
    old = holder.with_content("1" * 64)
    assert old is not None
    assert old.revision.epoch == 1
    assert holder.with_content("1" * 64) is old is holder.known_at(START)


def test_old_revisions_are_compiled_again_when_too_many_were_asked_for() -> None:
    """Memory is bounded: after others were asked for, a revision is compiled anew."""
    known = [KnownRevision(Revision(n, f"{n:064x}"), START + n * HOUR) for n in range(1, 5)]
    holder = holder_of(*known)
    first = holder.known_at(START + HOUR)
    for hours in (2, 3, 4):
        holder.known_at(START + hours * HOUR)
    again = holder.known_at(START + HOUR)
    assert first is not None
    assert again is not None
    assert again.revision == first.revision
    assert again is not first
