"""Differences of routes in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from comity.domain.data_request import DataRequest, Offence
from comity.policy.diffing.regions import Period
from comity.policy.diffing.route_turns import ANSWER
from comity.policy.diffing.routes import RouteRegion
from comity.policy.diffing.selections import word_list, word_name
from comity.policy.diffing.wording import DIRECTIONS, word_instant

ZONE: Final = "UTC"
MOST_NAMED: Final = 4
HEADINGS: Final[Mapping[str, str]] = {
    "redirect": "the request goes from",
    "desk": "the desk goes from",
    "due": "the answer goes from",
    "steps": "what must be done before goes from",
    "tasks": "what is owed besides goes from",
    "keeping": "what is kept goes from",
    "notice": "who tells the user goes from",
    "missing facts": "the facts that are missing go from",
    "clash of laws": "the clash of laws goes from",
}

_OFFENCE_FLAGS: Final = (
    "committed_online",
    "terms_violation",
    "criminal",
    "dual_criminality",
    "linked_to_issuing_state",
    "death_penalty",
)


def word_route(region: RouteRegion) -> str:
    """Return when, for which requests, from which route to which, and by which provision."""
    when = "; ".join(word_receipt(period) for period in region.periods)
    turn = region.turn
    told = f"{when}, for {word_requests(region)}: {_heading(region)} {turn.before} to {turn.after}"
    told += f" ({DIRECTIONS[turn.direction]})."
    if not region.rule_ids:
        return told
    several = "Provisions" if len(region.rule_ids) > 1 else "Provision"
    return f"{told} {several} {word_list(region.rule_ids, 'and')}."


def word_requests(region: RouteRegion) -> str:
    """Return the requests that are routed otherwise."""
    told = (
        f"requests by {_few(region.instruments, 'instruments')} of {_few(region.states, 'states')}"
    )
    told += f" issued by {_few(map(word_name, region.issuers), 'authorities')}"
    return f"{told}, {_few(region.conditions, 'kinds')}" if region.conditions else told


def _few(names: Iterator[str] | Sequence[str], what: str) -> str:
    """Return the first names as a list, and how many more there are."""
    listed = list(names)
    if len(listed) <= MOST_NAMED:
        return word_list(listed)
    more = len(listed) - MOST_NAMED
    return f"{', '.join(listed[:MOST_NAMED])} or {more} more {what}"


def _heading(region: RouteRegion) -> str:
    """Return what of the route differs."""
    if region.turn.aspect != ANSWER:
        return HEADINGS[region.turn.aspect]
    verb = "goes" if len(region.categories) == 1 else "go"
    return f"{word_list(map(word_name, region.categories), 'and')} {verb} from"


def word_receipt(period: Period) -> str:
    """Return from when until when a request is received."""
    start, end = period.start, period.end
    if start is None and end is None:
        return "Whenever received"
    parts = [f"from {word_instant(start, ZONE)}"] if start is not None else []
    parts += [f"until {word_instant(end, ZONE)}" if end is not None else "on"]
    return f"Received {' '.join(parts)}"


def word_witness(request: DataRequest, at: datetime) -> str:
    """Return a request in words, with what it states beside its data."""
    return "; ".join(f"{name}: {value}" for name, value in witness_facts(request, at).items())


def witness_facts(request: DataRequest, at: datetime) -> dict[str, str]:
    """Return what a request states, by name of the fact."""
    person = request.person
    told = {
        "instrument": request.instrument,
        "authority": request.authority.kind,
        "validated by": request.authority.validated_by,
        "issuing state": request.authority.issuing_state,
        "authenticity": request.authority.authenticity.value,
        "received": request.received_at.isoformat(),
        "answered": at.isoformat() if at != request.received_at else "",
        "signed": request.signed_at.isoformat() if request.signed_at else "unknown",
        "account": "" if request.account_given else "not given",
        "person": person.role.value,
        "residence": person.residence or "unknown",
        "callings": ", ".join(sorted(person.protected_callings)),
        "populations": ", ".join(sorted(person.populations)),
        "lacking": ", ".join(sorted(request.lacking)),
        "profile": request.profile,
        "events": ", ".join(event.event for event in request.events),
        "child": "yes" if person.child else "",
        "consents": "yes" if person.consents else "",
    }
    told |= _special_facts(request)
    told |= _offence_facts(request.offence) if request.offence is not None else {}
    period = next((data for data in request.data if data.since is not None), None)
    if period is not None and period.since is not None:
        told["data since"] = period.since.isoformat()
    return {name: value for name, value in told.items() if value}


def _special_facts(request: DataRequest) -> dict[str, str]:
    """Return the deadline, the silence and the emergency that a request brings."""
    told: dict[str, str] = {}
    if request.order_deadline is not None:
        told["deadline of the order"] = request.order_deadline.isoformat()
    if request.silence_order is not None:
        until = request.silence_order.until
        told["silence ordered by"] = request.silence_order.ordered_by
        told["silence until"] = until.isoformat() if until is not None else "no end"
    emergency = request.emergency
    if emergency is not None:
        shown, called = emergency.substantiated, emergency.call_back_confirmed
        told["emergency"] = f"{emergency.danger}, shown {shown}, confirmed {called}"
    return told


def _offence_facts(offence: Offence) -> dict[str, str]:
    """Return what is stated of an offence."""
    flags = {
        flag.replace("_", " "): str(getattr(offence, flag))
        for flag in _OFFENCE_FLAGS
        if getattr(offence, flag) is not None
    }
    return {
        "offence": ", ".join(sorted(offence.categories)) or "unknown",
        "lists": ", ".join(sorted(offence.lists)),
        "maximum penalty in months": str(offence.maximum_penalty_months),
        "sentence in months": str(offence.sentence_months),
        "purposes": ", ".join(sorted(offence.purposes)),
        **flags,
    }
