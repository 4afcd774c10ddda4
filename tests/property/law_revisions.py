"""Generated revisions of the law of requests for data, and requests to put to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from comity.domain.data_request import (
    Authenticity,
    DataPerson,
    DataRequest,
    Emergency,
    IssuingAuthority,
    Offence,
    PersonRole,
    RequestedData,
)
from comity.domain.data_route import Route
from comity.policy.routing.law import RequestLaw
from comity.policy.routing.provisions import RequestRule
from comity.policy.scalars import Duration, Unit
from property.choices import Choices, chance, pick

INSTRUMENTS = ("fr_court_order", "fr_cpp_60_1", "ua_cpc_164", "be_cic_88bis")
LONG = Duration("9 months", 9, Unit.MONTHS)
EPOCH = datetime(2023, 1, 1, tzinfo=UTC)

Edit = Callable[[Choices, RequestLaw], RequestLaw]


def _edit_rule(
    law: RequestLaw, instrument: str, edit: Callable[[RequestRule], RequestRule]
) -> RequestLaw:
    rules = tuple(map(edit, law.instruments[instrument]))
    return replace(law, instruments={**law.instruments, instrument: rules})


def _with_terms(law: RequestLaw, instrument: str, **changes: object) -> RequestLaw:
    return _edit_rule(
        law, instrument, lambda r: replace(r, terms=r.terms.model_copy(update=changes))
    )


def _nothing(choices: Choices, law: RequestLaw) -> RequestLaw:
    """Change what only people read."""
    return _with_terms(law, pick(choices, INSTRUMENTS), note="A remark")


def _another_desk(choices: Choices, law: RequestLaw) -> RequestLaw:
    return _with_terms(law, pick(choices, INSTRUMENTS), desk=pick(choices, sorted(law.desks)))


def _another_validity(choices: Choices, law: RequestLaw) -> RequestLaw:
    return _with_terms(law, pick(choices, INSTRUMENTS), valid_for=pick(choices, (None, LONG)))


def _fewer_classes(choices: Choices, law: RequestLaw) -> RequestLaw:
    instrument = pick(choices, INSTRUMENTS)

    def edit(rule: RequestRule) -> RequestRule:
        rows = [row.model_copy(update={"classes": row.classes[:1]}) for row in rule.terms.reach]
        return replace(rule, terms=rule.terms.model_copy(update={"reach": tuple(rows)}))

    return _edit_rule(law, instrument, edit)


def _repealed(choices: Choices, law: RequestLaw) -> RequestLaw:
    return _edit_rule(law, pick(choices, INSTRUMENTS), lambda rule: replace(rule, spans=()))


def _another_check(choices: Choices, law: RequestLaw) -> RequestLaw:
    check = pick(choices, law.checks)
    changes = {"outcome": pick(choices, ("refuse", "escalate")), "desk": "security"}
    other = replace(check, terms=check.terms.model_copy(update=changes))
    return replace(law, checks=tuple(other if c is check else c for c in law.checks))


EDITS: tuple[Edit, ...] = (
    _nothing,
    _another_desk,
    _another_validity,
    _fewer_classes,
    _repealed,
    _another_check,
)


def build_law(choices: Choices, law: RequestLaw) -> RequestLaw:
    """Return `law` after somebody worked on it."""
    return pick(choices, EDITS)(choices, law)


def build_request(choices: Choices, law: RequestLaw) -> DataRequest:
    """Return a request, most often one of which something is disclosed."""
    instrument = pick(choices, INSTRUMENTS)
    (rule,) = law.instruments[instrument][:1]
    row = pick(choices, rule.terms.reach)
    state = rule.jurisdiction if chance(choices, 85) else pick(choices, ("RU", "JP"))
    received = EPOCH + timedelta(hours=choices.integer(0, 35_000))
    callings = frozenset({"journalist"}) if chance(choices, 10) else frozenset[str]()
    return DataRequest(
        instrument=instrument,
        authority=IssuingAuthority(
            pick(choices, row.issued_by), state, "", pick(choices, tuple(Authenticity))
        ),
        data=tuple(RequestedData(category) for category in sorted(law.categories)),
        received_at=received,
        account_given=chance(choices, 90),
        person=DataPerson(
            PersonRole.SUSPECT if chance(choices, 70) else pick(choices, tuple(PersonRole)),
            pick(choices, ("", state)),
            protected_callings=callings,
        ),
        offence=Offence(frozenset({pick(choices, ("terrorism", "fraud"))}), 60),
        signed_at=received - timedelta(days=pick(choices, (1, 30, 100, 200, 400))),
        lacking=frozenset({"translation"}) if chance(choices, 5) else frozenset(),
        emergency=Emergency("life", substantiated=True) if chance(choices, 10) else None,
    )


def plain(route: Route) -> object:
    """Return what counts of a route: all but what people read, and the ids of rules."""
    answers = [
        (a.category, a.verdict, a.since, a.until, {g.code for g in a.grounds}, len(a.escalations))
        for a in route.answers
    ]
    steps = [(step.name, step.due and step.due.instant) for step in (*route.steps, *route.tasks)]
    due = route.due.kind, route.due.instant
    kept = route.preservation and (route.preservation.until, route.preservation.categories)
    return route.desk, due, route.redirect and route.redirect.to, answers, steps, kept
