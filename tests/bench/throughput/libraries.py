"""Other policy engines that run inside a Python process, on the same rules."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from bench.throughput.norms import Asked, Law, Norm, meets, today

Decide = Callable[[Sequence[Asked]], list[bool]]
CEDAR_QUESTIONS = 500
CASBIN_QUESTIONS = 20
BATCH = 50
CASBIN_MODEL = """
[request_definition]
r = asked, product, act
[policy_definition]
p = product, act, rest, eft
[policy_effect]
e = !some(where (p.eft == deny))
[matchers]
m = r.product == p.product && r.act == p.act && met(r.asked, p.rest)
"""


class WrongLibraryAnswerError(Exception):
    """A library answered other than the rules say."""


def cedar_rule(norm: Norm) -> str:
    """Return a rule in Cedar."""
    conditions = [f'context.{norm.factor} == "{norm.place}"']
    if norm.populations:
        conditions.append(f"{json.dumps(norm.populations)}.contains(context.{norm.factor}_as)")
    if norm.device:
        conditions.append(f'context.device == "{norm.device}"')
    if norm.below_age:
        conditions.append(f"context.age < {norm.below_age}")
    if norm.excepts_official:
        conditions.append("!context.official")
    actions = ", ".join(f'Action::"{action}"' for action in norm.actions)
    return (
        f'forbid(principal, action in [{actions}], resource == App::"{norm.product}")\n'
        f"when {{ {' && '.join(conditions)} }};"
    )


def cedar_request(asked: Asked, at: date) -> dict[str, Any]:
    """Return a question to Cedar."""
    context: dict[str, str | int | bool] = {
        "device": asked.device,
        "official": asked.official,
        "age": asked.age(at),
    }
    for tie in asked.ties:
        context |= {tie.factor: tie.place, f"{tie.factor}_as": tie.population}
    return {
        "principal": {"type": "Account", "id": asked.account},
        "action": {"type": "Action", "id": asked.action},
        "resource": {"type": "App", "id": asked.product},
        "context": context,
    }


def cedar_decider(norms: Sequence[Norm]) -> Decide:
    """Return what asks Cedar, all questions in one call; policies are parsed before."""
    import cedarpy

    text = "\n".join(["permit(principal, action, resource);", *map(cedar_rule, norms)])
    policies, entities, at = (
        cedarpy.PolicySet.from_str(text),
        cedarpy.Entities.from_json_str("[]"),
        today(),
    )

    def decide(asked: Sequence[Asked]) -> list[bool]:
        requests = [cedar_request(one, at) for one in asked]
        answers = cedarpy.is_authorized_batch(requests, policies, entities)
        return [not answer.allowed for answer in answers]

    return decide


def casbin_decider(norms: Sequence[Norm]) -> Decide:
    """Return what asks casbin, one question after the other; a rule is a line for each action."""
    import casbin

    logging.getLogger("casbin").setLevel(logging.WARNING)
    model = casbin.Model()
    model.load_model_from_text(CASBIN_MODEL)
    enforcer = casbin.Enforcer(model)
    at, by_number = today(), {str(norm.number): norm for norm in norms}
    enforcer.add_function("met", lambda one, rest: meets(by_number[rest], one, at))
    enforcer.add_policies([line for norm in norms for line in _casbin_lines(norm)])

    def decide(asked: Sequence[Asked]) -> list[bool]:
        return [not enforcer.enforce(one, one.product, one.action) for one in asked]

    return decide


def _casbin_lines(norm: Norm) -> list[list[str]]:
    """Return the lines of a rule. Its expressions have no loops: the rest is for a function."""
    return [[norm.product, action, str(norm.number), "deny"] for action in norm.actions]


def measure_library(
    decide: Decide, groups: Sequence[Sequence[Asked]], law: Law, times: int
) -> list[float]:
    """Return the microseconds of a decision, of `groups` asked one after the other.

    Raises:
        WrongLibraryAnswerError: an answer is not that of the rules.
    """
    for group in groups:
        found, expected = decide(group), [law.denied(one) for one in group]
        if found != expected:
            message = f"{found}, not {expected}"
            raise WrongLibraryAnswerError(message)
    count, values = sum(map(len, groups)), []
    for _ in range(times):
        start = time.thread_time_ns()
        for group in groups:
            decide(group)
        values.append((time.thread_time_ns() - start) / count / 1000)
    return values


def groups_of(asked: Sequence[Asked], size: int) -> list[Sequence[Asked]]:
    """Return questions in groups of `size`."""
    return [asked[start : start + size] for start in range(0, len(asked), size)]
