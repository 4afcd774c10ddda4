"""Section `checks`: what makes a request for data be refused, asked about, or looked at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from comity.policy.documents.base import Code, Document, Many, Name, OneOrMany
from comity.policy.documents.requests import Preserve
from comity.policy.documents.rules import Rule
from comity.policy.scalars import Refused


class CheckCondition(Document):
    """What makes a check speak; all that is named, each list any of.

    Attributes:
        instrument: instruments of the vocabulary.
        request: marks of the request.
        person: marks of the person.
        offence: offences.
        penalty: penalties.
        link: links of person, offence or service to the forum.
        dual_criminality: whether the act is an offence also where the data are protected.
        issuing_states: codes or groups.
        issued_outside: codes or groups, in none of which the request was issued.
        issued_by: authorities of which one issued or validated the request.
        not_issued_by: authorities of which none did.
        residence: codes or groups in which the person lives.
    """

    instrument: OneOrMany[Name] = ()
    request: OneOrMany[Name] = ()
    person: OneOrMany[Name] = ()
    offence: OneOrMany[Name] = ()
    penalty: OneOrMany[Name] = ()
    link: OneOrMany[Name] = ()
    dual_criminality: bool | None = None
    issuing_states: OneOrMany[Code] = ()
    issued_outside: OneOrMany[Code] = ()
    issued_by: OneOrMany[Name] = ()
    not_issued_by: OneOrMany[Name] = ()
    residence: OneOrMany[Code] = ()

    def faults(self) -> Iterable[Refused]:
        """Return that nothing is named."""
        if not self.model_fields_set:
            yield Refused("CP205", "'when' is empty and would meet every request.")


class CheckRule(Rule):
    """A check on requests for data.

    Attributes:
        meets: whether it meets the instruments of its own file, or forbids what those of other
            jurisdictions ask for; the platform's checks meet all.
        when: what makes it speak.
        code: code of the vocabulary, in capitals.
        outcome: what follows.
        classes: class words concerned; empty for the whole request.
        preserve: how long data are preserved.
        desk: desk that looks at it.
        tell: who is told.
        tasks: tasks of the vocabulary that are owed when it speaks.
    """

    meets: Literal["own", "foreign"] = "own"
    when: CheckCondition
    code: str
    outcome: Literal["refuse", "escalate", "need_information", "redirect"]
    classes: OneOrMany[Name] = ()
    preserve: Preserve | None = None
    desk: Name | None = None
    tell: Many[Literal["issuer", "notified_authority", "security"]] = ()
    tasks: OneOrMany[Name] = ()

    def faults(self) -> Iterable[Refused]:
        """Return that a prohibition of foreign disclosures asks or sends on instead."""
        yield from super().faults()
        if self.meets == "foreign" and self.outcome not in ("refuse", "escalate"):
            message = "A check with `meets: foreign` forbids: its outcome is refuse or escalate."
            yield Refused("CP208", message, key="outcome")
