"""What holds of every route, whatever is asked."""

from __future__ import annotations

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
    RequestEvent,
    SilenceOrder,
)
from comity.domain.data_route import Route, Verdict
from comity.policy.routing.router import route_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.policy.routing.shipped import shipped_law

LAW = shipped_law()
KINDS = LAW.lexicon.kinds
CATEGORIES = sorted(LAW.categories)
# Facts without a presumption: unknown, they may at most keep data back.
UNKNOWN_PERSON = {"role": PersonRole.UNKNOWN, "residence": ""}
UNKNOWN_OFFENCE = {
    "categories": frozenset(),
    "maximum_penalty_months": None,
    "committed_online": None,
    "committed_in": "",
}
UNKNOWN_EMERGENCY = {"substantiated": None, "call_back_confirmed": None}
STATES = ["FR", "UA", "BE", "DE", "DK", "RU", "US"]
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Return what may also not be known."""
    return st.none() | strategy


def some(dimension: str, most: int = 2) -> st.SearchStrategy[frozenset[str]]:
    """Return a few values of the vocabulary."""
    return st.frozensets(st.sampled_from(sorted(KINDS[dimension])), max_size=most)


# Hours from 2023 on, over five years.
INSTANTS = st.integers(0, 43_800).map(
    lambda hours: datetime(2023, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
)
PERSONS = st.builds(
    DataPerson,
    st.sampled_from(PersonRole),
    st.sampled_from(["", "FR", "DE"]),
    maybe(st.booleans()),
    st.frozensets(st.sampled_from(["journalist", "lawyer"]), max_size=1),
    some("population", 1),
    maybe(st.booleans()),
)
OFFENCES = st.builds(
    Offence,
    categories=some("offence"),
    maximum_penalty_months=maybe(st.sampled_from([0, 12, 36, 1200])),
    sentence_months=maybe(st.sampled_from([3, 4])),
    lists=some("offence_list"),
    committed_online=maybe(st.booleans()),
    purposes=st.frozensets(st.sampled_from(["identify_author", "trace_source"]), max_size=1),
    terms_violation=maybe(st.booleans()),
    criminal=maybe(st.booleans()),
    dual_criminality=maybe(st.booleans()),
    linked_to_issuing_state=maybe(st.booleans()),
    death_penalty=maybe(st.booleans()),
    committed_in=st.sampled_from(["", "FR", "DE"]),
)
EMERGENCIES = st.builds(
    Emergency,
    st.sampled_from(["life", "body", "critical_infrastructure"]),
    maybe(st.booleans()),
    maybe(st.booleans()),
)


AUTHORITIES = st.sampled_from(sorted(KINDS["authority"]))
# Instrument, issuer and state, of which something is disclosed.
GOOD = [
    ("fr_court_order", "court", "FR"),
    ("fr_cpp_60_1_2", "prosecutor", "FR"),
    ("fr_cpp_77_1_1", "prosecutor", "FR"),
    ("ua_cpc_164", "investigating_judge", "UA"),
    ("be_cic_88bis", "investigating_judge", "BE"),
    ("de_stpo_100j", "police", "DE"),
    ("epoc", "judge", "FR"),
    ("epoc", "police", "DE"),
]
GRAVE = Offence(
    frozenset({"fraud"}), 60, committed_online=True, terms_violation=True, committed_in="FR"
)
SHOWN = Emergency("life", substantiated=True, call_back_confirmed=True)


@st.composite
def periods(draw: st.DrawFn, received: datetime) -> tuple[datetime | None, datetime | None]:
    """Return a period before the receipt, perhaps open."""
    since = draw(st.none() | st.integers(1, 500).map(lambda d: received - timedelta(days=d)))
    days = st.integers(1, 90).map(timedelta)
    return since, draw(st.none() | days.map(lambda d: (since or received) + d))


@st.composite
def requests(draw: st.DrawFn) -> DataRequest:
    """Return a request of which something is disclosed, with up to three things changed."""
    instrument, issuer, state = draw(st.sampled_from(GOOD))
    received = draw(INSTANTS.filter(lambda at: at.year >= 2026) | INSTANTS)
    names = st.sampled_from(["phone_number", "login_ip"]) | st.sampled_from(CATEGORIES)
    good = DataRequest(
        instrument=instrument,
        authority=IssuingAuthority(issuer, state),
        data=tuple(
            RequestedData(name, *(draw(periods(received)) if name == "ip_history" else ()))
            for name in draw(st.lists(names, min_size=1, max_size=4, unique=True))
        ),
        received_at=received,
        account_given=True,
        person=DataPerson(PersonRole.SUSPECT, residence="FR"),
        offence=GRAVE,
        signed_at=received - timedelta(days=1),
        emergency=SHOWN if issuer == "police" else None,
    )
    changes = changes_of(good)
    chosen = draw(st.sets(st.sampled_from(sorted(changes)), max_size=3))
    return replace(good, **{name: draw(changes[name]) for name in sorted(chosen)})


def changes_of(good: DataRequest) -> dict[str, st.SearchStrategy[object]]:
    """Return field of a request -> what it may be changed to."""
    authority = good.authority
    events = st.builds(
        RequestEvent,
        st.sampled_from(sorted(KINDS["event"])),
        st.integers(0, 100).map(lambda days: good.received_at + timedelta(days=days)),
    )
    return {
        "instrument": st.sampled_from([*sorted(LAW.instruments), "court_order"]),
        "authority": st.builds(
            IssuingAuthority,
            st.just(authority.kind) | AUTHORITIES,
            st.just(authority.issuing_state) | st.sampled_from(STATES),
            st.just("") | AUTHORITIES,
            st.sampled_from(Authenticity),
        ),
        "person": PERSONS,
        "offence": st.none() | OFFENCES,
        "signed_at": st.none() | st.just(good.received_at - timedelta(days=70)),
        "lacking": some("need"),
        "emergency": st.none() | EMERGENCIES,
        "silence_order": st.builds(SilenceOrder, st.just("court"), st.none() | INSTANTS),
        "events": st.lists(events, min_size=1, max_size=2).map(
            lambda happened: tuple(sorted(happened, key=lambda e: (e.at, e.event)))
        ),
        "order_deadline": st.none() | INSTANTS,
        "profile": st.sampled_from(["eu_law", "tg2024", "tg_before"]),
        "account_given": st.just(value=False),
    }


def ask(request: DataRequest) -> Route:
    """Return the route of a request thirty days later."""
    return route_request(request, LAW, request.received_at + timedelta(days=30))


def disclosed(found: Route) -> set[str]:
    """Return what may be disclosed."""
    return {a.category for a in found.answers if a.verdict is Verdict.DISCLOSABLE}


@FEW
@given(requests())
def test_every_category_is_answered_exactly_once(request: DataRequest) -> None:
    """In the order asked, or none if the request belongs elsewhere; never without a ground."""
    found = ask(request)
    asked = [data.category for data in request.data]
    assert [answer.category for answer in found.answers] == ([] if found.redirect else asked)
    for answer in found.answers:
        assert bool(answer.grounds) is (answer.verdict is not Verdict.DISCLOSABLE)
    assert bool(disclosed(found)) or found.steps == ()


@FEW
@given(requests(), st.data())
def test_the_order_of_categories_does_not_matter(request: DataRequest, data: st.DataObject) -> None:
    """Nor does the presence of the others."""
    found = ask(request)
    shuffled = replace(request, data=tuple(data.draw(st.permutations(request.data))))
    again = ask(shuffled)
    assert {a.category: a for a in again.answers} == {a.category: a for a in found.answers}
    assert replace(again, answers=()) == replace(found, answers=())
    alone = ask(replace(request, data=request.data[:1]))
    assert alone.answers == found.answers[:1]


def _without_a_fact(request: DataRequest, fact: str) -> DataRequest:
    """Return the request as if `fact` were not known."""
    holder, _, field = fact.partition(".")
    match holder:
        case "person":
            return replace(
                request, person=replace(request.person, **{field: UNKNOWN_PERSON[field]})
            )
        # A danger to life that is shown and confirmed need be no offence.
        case "offence" if request.offence is not None and request.emergency != SHOWN:
            less = replace(request.offence, **{field: UNKNOWN_OFFENCE[field]})
            return replace(request, offence=less)
        # A call-back that failed is no gap: before it, verification is a step still to come.
        case "emergency" if request.emergency and getattr(request.emergency, field) is not False:
            less_sure = replace(request.emergency, **{field: UNKNOWN_EMERGENCY[field]})
            return replace(request, emergency=less_sure)
        case "signed_at":
            return replace(request, signed_at=None)
        case "account":
            return replace(request, account_given=False)
        case "validated_by":
            return replace(request, authority=replace(request.authority, validated_by=""))
        case _:
            return request


FACTS = [
    *(f"person.{name}" for name in UNKNOWN_PERSON),
    *(f"offence.{name}" for name in UNKNOWN_OFFENCE),
    *(f"emergency.{name}" for name in UNKNOWN_EMERGENCY),
    "signed_at",
    "account",
    "validated_by",
]


@settings(FEW, max_examples=250)
@given(requests(), st.sampled_from(FACTS))
def test_nothing_more_is_disclosed_because_less_is_known(request: DataRequest, fact: str) -> None:
    """What may be disclosed without a fact may be disclosed with it."""
    known, unknown = ask(request), ask(_without_a_fact(request, fact))
    # That no law of another authority protects the data is presumed, and listed as a missing fact.
    presumed = fact == "person.residence" and known.conflicts
    if known.redirect is None and not presumed:
        assert disclosed(unknown) <= disclosed(known)


@FEW
@given(requests())
def test_what_clashes_is_not_disclosed_while_nobody_has_ruled(request: DataRequest) -> None:
    """Both rules are cited; what would be disclosed waits, and is kept until it is decided.

    Without an account there is nothing that could be kept.
    """
    found = ask(request)
    for conflict in found.conflicts:
        assert {conflict.forbid_rule_id, conflict.require_rule_id} <= set(found.rule_ids)
    if found.conflicts:
        assert disclosed(found) == set()
    waiting = [a for a in found.answers if any(g.code == "CONFLICT_OF_LAWS" for g in a.grounds)]
    assert all(a.verdict is Verdict.NEEDS_INFORMATION and a.escalations for a in waiting)
    if found.conflicts and waiting and request.account_given:
        assert found.preservation is not None
        assert found.preservation.until_event == "decision" or found.preservation.until is None
        assert {a.category for a in waiting} <= set(found.preservation.categories)


@FEW
@given(requests())
def test_a_request_is_routed_alike_whenever_it_is_asked(request: DataRequest) -> None:
    """The router keeps nothing and reads no clock."""
    assert ask(request) == ask(request)


@FEW
@given(requests())
def test_what_decided_can_be_read(request: DataRequest) -> None:
    """Every rule, desk, step and code is one of the policies."""
    found = ask(request)
    named = {*found.rule_ids, found.due.rule_id, found.user_notice.rule_id}
    named |= {ground.rule_id for answer in found.answers for ground in answer.grounds}
    named |= {step.rule_id for step in (*found.steps, *found.tasks)}
    assert named - {""} <= LAW.texts.keys()
    assert {g.code for a in found.answers for g in a.grounds} <= KINDS["code"].keys()
    assert {step.name for step in found.steps} <= KINDS["step"].keys()
    assert {task.name for task in found.tasks} <= KINDS["task"].keys()
    assert {e.desk for a in found.answers for e in a.escalations} <= LAW.desks.keys()
