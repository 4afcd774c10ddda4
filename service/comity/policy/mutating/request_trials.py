"""Which mutants of the law of data requests the scenarios notice: each is routed again."""

from __future__ import annotations

from collections.abc import Sequence

from comity.policy.mutating.request_mutants import RequestMutant
from comity.policy.routing.router import route_request
from comity.policy.scenarios.routes import AskedRoute, compare_route


def is_noticed(mutant: RequestMutant, routed: Sequence[AskedRoute]) -> bool:
    """Return whether a scenario fails with the law of `mutant`.

    Requests on which the changed rule decided are tried first, then those of its own file.
    """
    own = f"tests/{mutant.file.removeprefix('jurisdictions/').removesuffix('.yaml')}_test.yaml"
    concerned = [
        asked
        for asked in routed
        if mutant.instruments is None or asked.request.instrument in mutant.instruments
    ]
    concerned.sort(key=lambda asked: (mutant.rule_id not in asked.rule_ids, asked.file != own))
    return any(_fails(asked, mutant) for asked in concerned)


def _fails(asked: AskedRoute, mutant: RequestMutant) -> bool:
    """Return whether the route by the changed law is not the one expected."""
    route = route_request(asked.request, mutant.law, asked.now)
    return next(compare_route(asked.expected, route), None) is not None
