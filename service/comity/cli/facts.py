"""Flags that state the facts of a question."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from comity.cli.failure import CommandError, Exit
from comity.cli.flags import Flag, Given

if TYPE_CHECKING:
    from comity.client import Question

_REQUEST = "What is to be done"
_PERSON = "The person"
_TIES = "Ties to places: PLACE or PLACE:POPULATION,...; each may be repeated"
_UNKNOWN = "What is not known"


def _tie(name: str, text: str) -> Flag:
    """Return the flag of a connecting factor."""
    return Flag(name, text, "PLACE", many=True, panel=_TIES)


FACT_FLAGS: Final = (
    Flag("action", "Action of the vocabulary, such as message_send.", "NAME", panel=_REQUEST),
    Flag("product", "The app asked about.", "NAME", "telegram", panel=_REQUEST),
    Flag("device", "Device class: official, personal ...", "NAME", panel=_REQUEST),
    Flag("purpose", "What it is done for.", "NAME", many=True, panel=_REQUEST),
    Flag("item", "Class of the object concerned.", "NAME", many=True, panel=_REQUEST),
    _tie("works_for", "The state or body served, such as UA:military."),
    _tie("presence", "Where the person is."),
    _tie("phone_country", "Country of the phone number."),
    _tie("residence", "Where the person lives."),
    _tie("nationality", "Citizenship."),
    _tie("store_country", "Country of the app store account."),
    _tie("network", "Whose network is used."),
    Flag("ip", "Address; tells the presence.", "ADDRESS", panel=_PERSON),
    Flag("phone", "Phone number (+...); tells the phone country.", "NUMBER", panel=_PERSON),
    Flag("age", "Completed years; 15+ for at least 15.", "YEARS", panel=_PERSON),
    Flag("birth_date", "Birth date, ISO 8601.", "DATE", panel=_PERSON),
    Flag("birth_year", "Year of birth.", "YEAR", panel=_PERSON, takes=int),
    Flag("account_created", "When the account was created.", "INSTANT", panel=_PERSON),
    Flag("account", "Identifier of the account.", "ID", panel=_PERSON),
    Flag("label", "Label that the account holds.", "NAME", many=True, panel=_PERSON),
    Flag("label_absent", "Label known not to be held.", "NAME", many=True, panel=_PERSON),
    Flag("indicator", "Sign that opens a factor.", "NAME", many=True, panel=_PERSON),
    Flag("open", "Factor or set with more than is given.", "NAME", many=True, panel=_UNKNOWN),
    Flag(
        "unknown",
        "Fact that is not known, and why: not_recorded, source_unavailable, contradictory, "
        "withheld.",
        "FACT=REASON",
        many=True,
        panel=_UNKNOWN,
    ),
)

_TEXTS: Final = {
    "action": "action",
    "device": "device",
    "ip": "ip_address",
    "phone": "phone_number",
    "account": "account_id",
    "birth_date": "birth_date",
    "birth_year": "birth_year",
}
_LISTS: Final = {
    "purpose": "purposes",
    "item": "item_classes",
    "label": "labels",
    "label_absent": "labels_absent",
    "indicator": "indicators",
}
_SETS: Final = frozenset({"population", "label", "item", "purpose"})
_AGE: Final = re.compile(r"(\d{1,3})(\+?)")
_DAYS_A_YEAR: Final = 365.2425


def question_of(given: Given, at: datetime | None, created: datetime | None) -> Question:
    """Return the question that the flags ask, at the instant `at` or now.

    Raises:
        CommandError: a value is none.
    """
    from comity.client.questions import FACTORS

    question: Any = {key: given[flag] for flag, key in _TEXTS.items() if given[flag] is not None}
    question |= {key: given[flag] for flag, key in _LISTS.items() if given[flag]}
    question |= {factor: given[factor] for factor in FACTORS if given[factor]}
    unknown = _unknown(given)
    if given["product"] and "product" not in unknown:
        question["product"] = given["product"]
    if unknown:
        question["unknown"] = unknown
    if created is not None:
        question["account_created"] = created
    question["open_sets"] = [name for name in given["open"] if name in _SETS]
    question["open_factors"] = [name for name in given["open"] if name not in _SETS]
    _require_one_age(given)
    question |= _age(given["age"], (at or datetime.now(UTC)).date())
    built: Question = question
    return built


def tie_flags(given: Given) -> Mapping[str, str]:
    """Return the flag behind each connection of the question, by its field in the contract."""
    from comity.client.questions import FACTORS

    flags = [f"--{f.replace('_', '-')} {place}" for f in FACTORS for place in given[f]]
    return {f"facts.connections[{position}]": flag for position, flag in enumerate(flags)}


def _unknown(given: Given) -> Mapping[str, str]:
    """Return the facts that are not known, each with the reason.

    Raises:
        CommandError: one has no known reason.
    """
    reasons = ("not_recorded", "source_unavailable", "contradictory", "withheld")
    unknown = {}
    for text in given["unknown"]:
        fact, _, why = text.partition("=")
        if not fact or why not in reasons:
            message = f"--unknown: must be FACT=REASON, the reason one of {', '.join(reasons)}"
            raise CommandError(Exit.MISUSED, message)
        unknown[fact] = why
    return unknown


def _require_one_age(given: Given) -> None:
    """Return if the age is given at most once.

    Raises:
        CommandError: it isn't.
    """
    told = [name for name in ("age", "birth_date", "birth_year") if given[name] is not None]
    if len(told) > 1:
        flags = " and ".join(f"--{name.replace('_', '-')}" for name in told)
        raise CommandError(Exit.MISUSED, f"{flags} exclude each other")


def _age(text: str | None, today: date) -> Mapping[str, object]:
    """Return what `--age` says of the person.

    An age in completed years becomes a birth date as far as can be from a birthday, so that the
    person has that age in every time zone.

    Raises:
        CommandError: it is no age.
    """
    if text is None:
        return {}
    match = _AGE.fullmatch(text)
    if match is None:
        raise CommandError(Exit.MISUSED, "--age: must be completed years, such as 15, or 15+")
    years = int(match[1])
    if match[2]:
        return {"age_at_least": years}
    return {"birth_date": today - timedelta(days=(years + 0.5) * _DAYS_A_YEAR)}
