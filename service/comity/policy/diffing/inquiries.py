"""Inquiries: requests of authorities that two revisions of the law are tried with.

A request that passes what an instrument asks is put with one thing changed at a time: each value
that a provision of either revision names, and those around each length and age that it names.
Requests that meet the changed checks are put the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from comity.domain.data_request import (
    Authenticity,
    DataPerson,
    DataRequest,
    Emergency,
    IssuingAuthority,
    Offence,
    PersonRole,
    RequestedData,
    RequestEvent,
    SilenceOrder,
)
from comity.policy.diffing.provisions import OUTSIDER, Named, states_of
from comity.policy.documents.checks import CheckCondition
from comity.policy.lexicon import Lexicon
from comity.policy.routing import marks
from comity.policy.routing.law import RequestLaw
from comity.policy.routing.provisions import RequestRule

EMPTY: Final = frozenset[str]()
FLAGS: Final = (
    "committed_online",
    "terms_violation",
    "criminal",
    "dual_criminality",
    "linked_to_issuing_state",
    "death_penalty",
)
ONE_DAY: Final = timedelta(days=1)
ONE_HOUR: Final = timedelta(hours=1)
LATER: Final = timedelta(days=40)
FOR_LIFE: Final = 1200
MOST_ISSUERS: Final = 6


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A request that is routed by both revisions.

    Attributes:
        request: the request.
        at: the instant of the answer.
        changed: what is unlike a request that passes, in words; empty for such a one.
    """

    request: DataRequest
    at: datetime
    changed: str = ""


def inquiries_on(
    rule: RequestRule,
    laws: tuple[RequestLaw, RequestLaw],
    named: Named,
    categories: Sequence[str],
    received: datetime,
) -> Iterator[Inquiry]:
    """Yield requests for `categories` by the instrument of `rule`, received at an instant."""
    for state in states_of(rule, laws[1].atlas):
        issuers = _issuers(rule, named, laws[1].lexicon)[:MOST_ISSUERS]
        for number, (kind, validated_by) in enumerate(issuers):
            good = DataRequest(
                instrument=rule.terms.instrument,
                authority=IssuingAuthority(kind, state, validated_by, Authenticity.VERIFIED),
                data=tuple(RequestedData(category) for category in categories),
                received_at=received,
                account_given=True,
                person=DataPerson(PersonRole.SUSPECT, state, child=False),
                offence=_grave(named, state),
                signed_at=received - ONE_HOUR,
            )
            yield Inquiry(good, received)
            if number or state == OUTSIDER:
                continue
            for changed, request in _varied(good, named):
                yield Inquiry(request, received, changed)
            for event in sorted(named.events):
                happened = (RequestEvent(event, received + ONE_HOUR),)
                told = f"after {event.replace('_', ' ')}"
                yield Inquiry(replace(good, events=happened), received + LATER, told)


def _issuers(rule: RequestRule, named: Named, lexicon: Lexicon) -> list[tuple[str, str]]:
    """Return who may issue or validate by a row, and a judge whom all rows are put to."""
    found = [
        (_exact(kind, lexicon), _exact(validated, lexicon) if validated else "")
        for row in rule.terms.reach
        for kind in row.issued_by
        for validated in (row.or_validated_by or ("",))[:1]
    ]
    judges = [("judge", "")] if "judge" in named.authorities else []
    return list(dict.fromkeys([*found, *judges]))


def _exact(kind: str, lexicon: Lexicon) -> str:
    """Return an authority of `kind` of which none is a kind."""
    finest = [
        k for k in sorted(lexicon.below("authority", kind)) if not lexicon.below("authority", k)
    ]
    return finest[0] if finest else kind


def _grave(named: Named, state: str) -> Offence:
    """Return an offence that passes the tests of rows and profiles."""
    often = sorted(named.tested_offences, key=lambda n: (-named.tested_offences[n], n))
    return Offence(
        categories=frozenset(often[:1]),
        maximum_penalty_months=FOR_LIFE,
        sentence_months=FOR_LIFE,
        lists=named.offence_lists,
        committed_online=True,
        purposes=frozenset({"identify_author"}),
        terms_violation=True,
        criminal=True,
        committed_in=state,
    )


Varied = Iterator[tuple[str, DataRequest]]


def _varied(good: DataRequest, named: Named) -> Varied:
    """Yield `good` with one thing changed, in words and as a request."""
    yield from _other_issuers(good, named)
    yield from _other_persons(good, named)
    yield from _other_offences(good, named)
    yield from _other_papers(good, named)
    for check, when in named.conditions.items():
        yield f"as {check} asks", _aimed(good, when)


def _other_issuers(good: DataRequest, named: Named) -> Varied:
    """Yield other authorities, in other states, more or less authentic."""
    was = good.authority
    for kind in sorted(named.authorities):
        told = kind.replace("_", " ")
        yield f"issued by {told}", replace(good, authority=replace(was, kind=kind))
        valid = replace(was, validated_by=kind)
        yield f"validated by {told}", replace(good, authority=valid)
    for authenticity in Authenticity:
        other = replace(was, authenticity=authenticity)
        yield f"found to be {authenticity.value}", replace(good, authority=other)
    for state in sorted(named.states):
        yield f"issued in {state}", replace(good, authority=replace(was, issuing_state=state))


def _other_persons(good: DataRequest, named: Named) -> Varied:
    """Yield other people."""
    changes: list[tuple[str, dict[str, Any]]] = [
        *((f"with a person in the role {role.value}", {"role": role}) for role in PersonRole),
        ("about a child", {"child": True}),
        ("about somebody who consents", {"consents": True}),
        ("about somebody whose residence is not known", {"residence": ""}),
        *((f"about a {c}", {"protected_callings": frozenset({c})}) for c in sorted(marks.CALLINGS)),
        *(
            (f"about a {name.replace('_', ' ')}", {"populations": frozenset({name})})
            for name in sorted(named.populations)
        ),
        *((f"about somebody who lives in {s}", {"residence": s}) for s in sorted(named.states)),
    ]
    for told, change in changes:
        yield told, replace(good, person=replace(good.person, **change))


def _other_offences(good: DataRequest, named: Named) -> Varied:
    """Yield other offences."""
    yield "without an offence", replace(good, offence=None)
    changes: list[tuple[str, dict[str, Any]]] = [
        *(
            (f"about {name.replace('_', ' ')}", {"categories": frozenset({name}), "lists": EMPTY})
            for name in sorted(named.offences)
        ),
        *(
            (f"with a maximum penalty of {months} months", {"maximum_penalty_months": months})
            for months in named.penalties
        ),
        *(
            (
                f"with a maximum penalty of {months} months, offline and for no stated purpose",
                {"maximum_penalty_months": months, "committed_online": False, "purposes": EMPTY},
            )
            for months in named.penalties
        ),
        *((f"with a sentence of {m} months", {"sentence_months": m}) for m in named.penalties),
        ("on no list of offences", {"lists": EMPTY}),
        *((f"to {p.replace('_', ' ')}", {"purposes": frozenset({p})}) for p in marks.PURPOSES),
        *(
            (f"where {field.replace('_', ' ')} is {told}", {field: value})
            for field in FLAGS
            for told, value in (("so", True), ("not so", False), ("unknown", None))
        ),
    ]
    assert good.offence is not None
    for told, change in changes:
        yield told, replace(good, offence=replace(good.offence, **change))


def _other_papers(good: DataRequest, named: Named) -> Varied:
    """Yield requests with other papers, dates, emergencies and periods."""
    received = good.received_at
    yield "without an account", replace(good, account_given=False)
    yield "without a date", replace(good, signed_at=None)
    for age in named.ages:
        told = f"signed {age.days} days before" if age.days else "signed just before"
        yield told, replace(good, signed_at=received - age)
        data = tuple(replace(d, since=received - age, until=received) for d in good.data)
        yield f"about {age.days} days of data", replace(good, data=data)
        day = tuple(replace(d, until=received - age + ONE_DAY) for d in data)
        yield f"about data of a day {age.days} days before", replace(good, data=day)
    for need in sorted(named.needs):
        yield f"without {need.replace('_', ' ')}", replace(good, lacking=frozenset({need}))
    for danger in ("life", "body", "critical_infrastructure"):
        for shown in (True, False, None):
            for called in (True, False, None):
                told = f"in danger to {danger.replace('_', ' ')}"
                emergency = Emergency(danger, shown, called)
                yield told, replace(good, emergency=emergency)
    for ordered_by in ("court", "law", "authority"):
        for until in (None, received + LATER):
            order = SilenceOrder(ordered_by, until)
            yield f"with an order of silence by {ordered_by}", replace(good, silence_order=order)
    for profile in sorted(named.profiles):
        yield f"by the profile {profile}", replace(good, profile=profile)
    for days in (1, 400):
        deadline = received + days * ONE_DAY
        yield f"with a deadline of {days} days", replace(good, order_deadline=deadline)


def _aimed(good: DataRequest, when: CheckCondition) -> DataRequest:
    """Return `good` as a check asks, as far as that can be put into a request."""
    authority, person, offence = good.authority, good.person, good.offence
    assert offence is not None
    lacking = good.lacking
    if when.issuing_states:
        authority = replace(authority, issuing_state=when.issuing_states[0])
    if when.issued_by:
        authority = replace(authority, kind=when.issued_by[0])
    if marks.FORGED in when.request:
        authority = replace(authority, authenticity=Authenticity.FORGED)
    elif marks.UNVERIFIED in when.request:
        authority = replace(authority, authenticity=Authenticity.UNCONFIRMED)
    elif marks.UNTRANSLATED in when.request:
        lacking = frozenset({"translation"})
    elif marks.CIVIL in when.request:
        offence = replace(offence, criminal=False)
    elif marks.BULK in when.request:
        person = replace(person, role=PersonRole.GROUP)
    elif marks.SOURCE_HUNT in when.request:
        offence = replace(offence, purposes=frozenset({"trace_source"}))
    for mark in when.person[:1]:
        if mark in marks.CALLINGS:
            person = replace(person, protected_callings=frozenset({mark}))
        elif mark in marks.ROLES:
            person = replace(person, role=PersonRole(mark))
        else:
            person = replace(person, populations=frozenset({mark}))
    if when.residence:
        person = replace(person, residence=when.residence[0])
    if when.offence:
        offence = replace(offence, categories=frozenset(when.offence[:1]), lists=EMPTY)
    if when.penalty:
        offence = replace(offence, death_penalty=True)
    if when.link:
        offence = replace(offence, linked_to_issuing_state=False)
    if when.dual_criminality is not None:
        offence = replace(offence, dual_criminality=when.dual_criminality)
    return replace(good, authority=authority, person=person, offence=offence, lacking=lacking)
