"""Port: what is known of the revision in force, and of the last edit that was refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from comity.domain.request import Revision


@dataclass(frozen=True, slots=True)
class RefusedProblem:
    """One problem of a policy file.

    Attributes:
        file: path relative to the policy directory.
        line: from 1; 0 if the file as a whole is meant.
        column: from 1; 0 if the line as a whole is meant.
        code: stable code of the problem.
        message: what is wrong and what to write instead.
    """

    file: str
    line: int
    column: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RefusedEdit:
    """An edit of the policy files that did not come into force.

    Attributes:
        noticed_at: when it was noticed.
        problem_count: how many problems it has.
        problems: the first of them, in the order of the files.
    """

    noticed_at: datetime
    problem_count: int
    problems: tuple[RefusedProblem, ...]


@dataclass(frozen=True, slots=True)
class PolicyStatus:
    """The revision in force and where it comes from.

    Attributes:
        revision: epoch and digest.
        in_force_since: when it came into force here.
        kept_from_earlier: whether it was kept from an earlier run, because the files as they are
            can't be used.
        tzdata_version: version of the time zone data that its instants were resolved with.
        jurisdiction_count: jurisdictions and bodies with a policy file.
        rule_count: rules of all sections.
        refused_edit: the latest edit, if it was refused; else None.
    """

    revision: Revision
    in_force_since: datetime
    kept_from_earlier: bool
    tzdata_version: str
    jurisdiction_count: int
    rule_count: int
    refused_edit: RefusedEdit | None = None


class PolicyStatusSource(Protocol):
    """Tells how the policies stand."""

    def policy_status(self) -> PolicyStatus:
        """Return the present status.

        Raises:
            NoPolicyError: no bundle is in force yet.
        """
        ...
