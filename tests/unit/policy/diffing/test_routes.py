"""Which requests for data two revisions of the law route otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from comity.policy.diffing.regions import Direction
from comity.policy.diffing.route_turns import turns_of
from comity.policy.diffing.route_wording import word_route, word_witness
from comity.policy.diffing.routes import RouteComparison, RouteRegion, compare_routes
from comity.policy.routing.law import RequestLaw
from comity.policy.routing.router import route_request
from comity.policy.scalars import Duration, Unit
from unit.policy.routing.shipped import shipped_law

LAW = shipped_law()
COURT = "fr_court_order"


def with_terms(instrument: str, **changes: Any) -> RequestLaw:
    """Return the shipped law with other terms of the rule on an instrument."""
    (rule,) = LAW.instruments[instrument]
    edited = replace(rule, terms=rule.terms.model_copy(update=changes))
    return replace(LAW, instruments={**LAW.instruments, instrument: (edited,)})


def with_check(check_id: str, **changes: Any) -> RequestLaw:
    """Return the shipped law with other terms of a check."""
    checks = [
        replace(c, terms=c.terms.model_copy(update=changes)) if c.id == check_id else c
        for c in LAW.checks
    ]
    return replace(LAW, checks=tuple(checks))


def sooner() -> RequestLaw:
    """Return the shipped law with a shorter term for orders of French courts."""
    due = LAW.instruments[COURT][0].terms.due
    term = Duration("20 days", 20, Unit.DAYS)
    return with_terms(COURT, due=due.model_copy(update={"within": term}))  # type: ignore[union-attr]


def shown(found: RouteComparison, new: RequestLaw) -> list[RouteRegion]:
    """Return the regions, each of which a request routed by both revisions shows."""
    for region in found.regions:
        asked, at = region.witness.request, region.witness.at
        routes = [route_request(asked, law, at) for law in (LAW, new)]
        assert region.turn in list(turns_of(*routes, asked)), word_witness(asked, at)
    return list(found.regions)


def test_a_law_and_itself_need_no_request() -> None:
    """Nothing differs, and nothing is routed."""
    assert compare_routes(LAW, LAW) == RouteComparison()


def test_what_only_people_read_needs_no_request() -> None:
    """Another title and another note are no other law."""
    new = with_terms(COURT, title="An order", note="A remark")
    assert compare_routes(LAW, new) == RouteComparison()


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (
            lambda: with_terms(COURT, desk="li_intake"),
            (
                "the desk goes from dsa to li_intake (neither stricter nor looser). "
                "Provision fr-cpp-99-3."
            ),
        ),
        (
            sooner,
            (
                "the answer goes from a due instant to an earlier one (stricter). "
                "Provision fr-cpp-99-3."
            ),
        ),
        (
            lambda: with_terms(
                COURT, needs=("named_holder",), valid_for=Duration("1 months", 1, Unit.MONTHS)
            ),
            (
                "phone number, login ip and ip history go from disclosable to needs information "
                "(EXPIRED) (stricter). Provision fr-cpp-99-3."
            ),
        ),
    ],
    ids=["desk", "term", "validity"],
)
def test_a_change_of_a_rule_is_told_with_its_instrument(
    edit: Callable[[], RequestLaw], told: str
) -> None:
    """The sentence says when, for which requests, from what to what, by which provision."""
    new = edit()
    sentences = [word_route(region) for region in shown(compare_routes(LAW, new), new)]
    assert any(
        sentence.startswith(("Whenever received, for requests by fr_court_order of FR", "Received"))
        and sentence.endswith(told)
        for sentence in sentences
    ), sentences


def test_a_rule_that_starts_later_differs_in_between() -> None:
    """Only requests received between the two days are routed otherwise."""
    (rule,) = LAW.instruments[COURT]
    profiles = sorted(use.span.start for use in LAW.profiles if use.span.start is not None)
    start = profiles[0]
    later = replace(rule, spans=tuple(replace(span, start=start) for span in rule.spans))
    new = replace(LAW, instruments={**LAW.instruments, COURT: (later,)})
    regions = shown(compare_routes(LAW, new), new)
    assert regions
    assert {(p.start, p.end) for region in regions for p in region.periods} == {(None, start)}
    assert any(region.turn.direction is Direction.STRICTER for region in regions)


def test_a_check_is_told_on_requests_that_meet_it() -> None:
    """A check of the platform reaches all instruments, and the person's mark is named."""
    new = with_check("plat-protected-person", desk="security")
    regions = shown(compare_routes(LAW, new), new)
    assert regions
    assert all("plat-protected-person" in region.rule_ids for region in regions)
    assert {"about a journalist", "about a lawyer"} <= {c for r in regions for c in r.conditions}
    assert len(regions[0].instruments) > 3


def test_a_rule_taken_away_is_no_longer_answered() -> None:
    """Requests by its instrument lose their rule."""
    kept = {name: rules for name, rules in LAW.instruments.items() if name != COURT}
    new = replace(LAW, instruments=kept)
    found = compare_routes(LAW, new)
    assert found.changes.removed == ("fr-cpp-99-3",)
    assert {i for region in shown(found, new) for i in region.instruments} == {COURT}


def test_no_request_without_a_connection_is_routed_otherwise() -> None:
    """An edit of a French rule changes no route without France, but some without Germany."""
    new = with_terms(COURT, desk="li_intake")
    assert not compare_routes(LAW, new, "FR").regions
    outside = compare_routes(LAW, new, "DE").regions
    assert outside
    assert all("DE" not in region.states for region in outside)


def test_data_kept_for_a_shorter_time_are_no_longer_held() -> None:
    """Data of a day between the two terms are asked for."""
    new = replace(LAW, held={**LAW.held, "login_ip": Duration("6 months", 6, Unit.MONTHS)})
    found = compare_routes(LAW, new)
    assert found.changes.other == ("held",)
    assert any(
        r.categories == ("login_ip",) and "not held" in r.turn.after for r in shown(found, new)
    )
