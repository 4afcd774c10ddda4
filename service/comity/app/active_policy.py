"""The policy revision in force: one reference, swapped as a whole."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from comity.app.ports.policy_source import Evaluator
from comity.app.ports.policy_status import PolicyStatus, RefusedEdit
from comity.domain.errors import NoPolicyError
from comity.domain.request import Revision
from comity.policy.bundle import Bundle

OLD_REVISIONS_KEPT_COMPILED = 2


@dataclass(frozen=True, slots=True)
class ActivePolicy:
    """One revision, ready to answer.

    Attributes:
        revision: epoch and digest.
        bundle: the compiled policies.
        engine: evaluator of the bundle's eligibility rules.
        in_force_since: when it came into force.
        kept_from_earlier: whether it was kept from an earlier run, because the files as they are
            can't be used.
    """

    revision: Revision
    bundle: Bundle
    engine: Evaluator
    in_force_since: datetime
    kept_from_earlier: bool = False


@dataclass(frozen=True, slots=True)
class KnownRevision:
    """One revision that was in force once.

    Attributes:
        revision: epoch and digest.
        in_force_since: when it came into force.
    """

    revision: Revision
    in_force_since: datetime


class RevisionHistory(Protocol):
    """Keeps the files of the revisions that were in force, as far back as it can."""

    def known_at(self, instant: datetime) -> KnownRevision | None:
        """Return the revision that was in force at `instant`; None before the first kept."""
        ...

    def with_content(self, digest: str) -> KnownRevision | None:
        """Return the latest revision kept of this digest; None if there is none."""
        ...

    def files_of(self, known: KnownRevision) -> Mapping[str, bytes]:
        """Return the policy files of a revision by path relative to the policy directory.

        Raises:
            RevisionUnusableError: they can't be read back.
        """
        ...


Recompile = Callable[[KnownRevision, Mapping[str, bytes]], ActivePolicy]


class PolicyHolder:
    """A `PolicySource` and `PolicyStatusSource` that is told of each new revision."""

    def __init__(self, history: RevisionHistory, recompile: Recompile) -> None:
        """Hold no revision yet; answer for old ones from `history`, compiled on demand."""
        self._history = history
        self._recompile = recompile
        self._changed = threading.Condition()
        self._current: ActivePolicy | None = None
        self._refused_edit: RefusedEdit | None = None
        self._compiling = threading.Lock()
        self._old: OrderedDict[Revision, ActivePolicy] = OrderedDict()

    @property
    def current(self) -> ActivePolicy | None:
        """The revision in force; None until a first bundle is in force."""
        return self._current

    def publish(self, policy: ActivePolicy) -> None:
        """Put `policy` in force. A refused edit is forgotten, since it has been replaced.

        Calls under way finish on the revision that they began with. An epoch that is not later
        than the one in force changes nothing: revisions only go forward.
        """
        with self._changed:
            if self._current and policy.revision.epoch < self._current.revision.epoch:
                return
            self._current = policy
            self._refused_edit = None
            self._changed.notify_all()

    def refuse(self, edit: RefusedEdit | None) -> None:
        """Remember the latest edit that did not come into force; None if it was taken back."""
        self._refused_edit = edit

    def policy_status(self) -> PolicyStatus:
        """Return how the policies stand.

        Raises:
            NoPolicyError: no bundle is in force yet.
        """
        with self._changed:
            policy, refused_edit = self._current, self._refused_edit
        if policy is None:
            message = "no policy is in force yet; retry once the service reports SERVING"
            raise NoPolicyError(message)
        return PolicyStatus(
            revision=policy.revision,
            in_force_since=policy.in_force_since,
            kept_from_earlier=policy.kept_from_earlier,
            tzdata_version=policy.bundle.tzdata_version,
            jurisdiction_count=len(policy.bundle.jurisdictions),
            rule_count=count_rules(policy.bundle),
            refused_edit=refused_edit,
        )

    def wait_for_epoch(self, epoch: int, timeout_seconds: float) -> ActivePolicy | None:
        """Return the revision in force once it has reached `epoch`; None after the timeout."""
        with self._changed:
            reached = self._changed.wait_for(
                lambda: self._current is not None and self._current.revision.epoch >= epoch,
                timeout_seconds,
            )
            return self._current if reached else None

    def known_at(self, instant: datetime) -> ActivePolicy | None:
        """Return the revision that was in force at `instant`; None before the first known.

        An old revision is compiled when it is first asked for; a few are kept compiled.
        """
        current = self._current
        if current and current.in_force_since <= instant:
            return current
        known = self._history.known_at(instant)
        return None if known is None else self._compiled(known)

    def with_content(self, digest: str) -> ActivePolicy | None:
        """Return the revision of this digest, in force or of old; None if it is not kept.

        Raises:
            RevisionUnusableError: it is, and can't be used any more.
        """
        current = self._current
        if current and current.revision.digest == digest:
            return current
        known = self._history.with_content(digest)
        return None if known is None else self._compiled(known)

    def _compiled(self, known: KnownRevision) -> ActivePolicy:
        """Return an old revision, compiled.

        Raises:
            RevisionUnusableError: it can't be used any more.
        """
        with self._compiling:
            found = self._old.get(known.revision)
            if found is None:
                found = self._recompile(known, self._history.files_of(known))
                self._old[known.revision] = found
                while len(self._old) > OLD_REVISIONS_KEPT_COMPILED:
                    self._old.popitem(last=False)
            self._old.move_to_end(known.revision)
            return found


def count_rules(bundle: Bundle) -> int:
    """Return how many rules a bundle has, of all sections."""
    norms = len(bundle.eligibility.rules) + len(bundle.content.rules)
    return norms + len(bundle.requests.texts)
