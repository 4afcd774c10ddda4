"""Sections `orders`, `reports` and `duties`: read strictly, used by later questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from comity.policy.documents.base import Code, Document, DurationValue, Name, OneOrMany, RuleId
from comity.policy.documents.clauses import RestrictionClause
from comity.policy.documents.effects import EffectValue
from comity.policy.documents.requests import Preserve
from comity.policy.documents.rules import Rule
from comity.policy.documents.times import Due
from comity.policy.scalars import Refused


class AuthorNotice(Document):
    """When the author of what is withheld is told.

    Attributes:
        at: when.
        silence_at_most: longest silence that may be ordered.
    """

    at: Name
    silence_at_most: DurationValue | None = None


class OrderRule(Rule):
    """Orders of authorities about content.

    Attributes:
        instrument: instrument of the vocabulary.
        due: by when to obey.
        queue: queue of `desks.yaml`.
        effect: what is done.
        territory: where: `order`, `issuing_state`, `worldwide`, or codes.
        issuing_states: who may issue; empty for the file's own state.
        category: report categories.
        needs: what an order must bring.
        preserve: how long data are preserved.
        author_notice: when the author is told.
        flags: what reviewers are told; stops nothing.
        reinstate_on: events that undo it.
    """

    instrument: Name
    due: Due
    queue: Name
    effect: OneOrMany[EffectValue]
    territory: OneOrMany[Code]
    issuing_states: OneOrMany[Code] = ()
    category: OneOrMany[Name] = ()
    needs: OneOrMany[Name] = ()
    preserve: Preserve | None = None
    author_notice: AuthorNotice | None = None
    flags: OneOrMany[Name] = ()
    reinstate_on: OneOrMany[Name] = ()


class ReportRule(Rule):
    """Reports of users about content.

    Attributes:
        category: report categories.
        queue: queue of `desks.yaml`.
        reporters: key `from`: who reports.
        due: by when to decide.
        stages: stage -> how soon, in place of `due`.
        applies_to: clauses on the reporter; empty for anyone.
        needs: what a report must bring.
        meanwhile: what happens to the item before the decision.
        covers: what else is covered.
        on_confirm: duties that a confirmed report starts.
    """

    category: OneOrMany[Name]
    queue: Name
    reporters: OneOrMany[Literal["user", "person_shown", "representative", "trusted_flagger"]] = (
        Field(default=("user",), alias="from")
    )
    due: Due | None = None
    stages: Mapping[Name, DurationValue] | None = None
    applies_to: OneOrMany[RestrictionClause] = ()
    needs: OneOrMany[Name] = ()
    meanwhile: Literal["show", "hold_item"] = "show"
    covers: OneOrMany[Literal["copies"]] = ()
    on_confirm: OneOrMany[RuleId] = ()

    def faults(self) -> Iterable[Refused]:
        """Return also that not exactly one of `due` and `stages` is given."""
        yield from super().faults()
        if self.due is not None and self.stages is not None:
            yield Refused("CP208", "'due' and 'stages' exclude each other.", key="stages")
        if self.due is None and self.stages is None:
            yield Refused("CP201", "'due' or 'stages' is missing.")


class DutyRule(Rule):
    """What the platform must tell others by itself.

    Attributes:
        when: what starts the duty.
        send_to: who is told.
        due: by when.
        preserve: how long data are preserved.
    """

    when: OneOrMany[Name]
    send_to: OneOrMany[Name]
    due: Due
    preserve: Preserve | None = None
