"""What a servicer remembers of questions changes no answer."""

from __future__ import annotations

import random
from dataclasses import replace

import grpc
import pytest
from comity.domain.errors import ComityError
from comity.grpc_api.callers import LoopbackEntitlements
from comity.grpc_api.eligibility import EligibilityServicer
from comity.grpc_api.known_facts import MOST_BYTES, KnownFacts
from comity.grpc_api.limits import limit_of
from comity.grpc_api.requests import question_of
from comity.v1 import eligibility_service_pb2, facts_pb2
from unit.grpc_api.request_noise import random_message
from unit.grpc_api.small_world import BUNDLE, LEXICON, SmallPolicy, SmallWorld

Request = eligibility_service_pb2.CheckEligibilityRequest
QUESTIONS = 400


class LocalContext(grpc.ServicerContext):  # type: ignore[misc] # abstract in the library
    """A call from this machine, as far as servicers look at one."""

    def auth_context(self) -> dict[str, list[bytes]]:
        """Return nothing: there is no certificate."""
        return {}

    def peer(self) -> str:
        """Return this machine."""
        return "ipv4:127.0.0.1:1"


LocalContext.__abstractmethods__ = frozenset()


def servicer_of(world: SmallWorld) -> EligibilityServicer:
    """Return a servicer that remembers nothing yet."""
    return EligibilityServicer(world.eligibility(), world.texts(), LoopbackEntitlements())


def outcome_of(servicer: EligibilityServicer, request: Request) -> object:
    """Return the reply without its identity, or what is wrong."""
    try:
        reply = servicer.CheckEligibility(request, LocalContext())
    except ComityError as error:
        return type(error), str(error), getattr(error, "violations", None)
    reply.decision_id = ""
    return reply


def noise() -> list[Request]:
    """Return questions of which many have the facts, but not the subject, of another."""
    chance = random.Random(3)
    drawn = [random_message(Request(), chance) for _ in range(QUESTIONS)]
    for request in drawn:
        request.options.min_revision = 0
    others = [random_message(Request(), chance) for _ in range(QUESTIONS)]
    for request, other in zip(drawn, others, strict=True):
        other.facts.CopyFrom(request.facts)
        other.options.min_revision = 0
    return [*drawn, *others, *drawn]


def test_remembered_questions_are_answered_as_new_ones() -> None:
    """Whatever was asked before, a reply is what a servicer without memory gives."""
    old = servicer_of(SmallWorld())
    answered = 0
    for request in noise():
        expected = outcome_of(servicer_of(SmallWorld()), request)
        assert outcome_of(old, request) == expected
        answered += not isinstance(expected, tuple)
    assert answered > QUESTIONS / 4


def test_birthdays_are_the_asker_s_own() -> None:
    """Two people with equal facts share a reply, but not its end."""
    servicer = servicer_of(SmallWorld())
    connection = facts_pb2.Connection(factor="residence", place="US-FL")
    facts = facts_pb2.Facts(action="call", product="telegram", connections=[connection])
    ends = set()
    for day in ("2012-03-01", "2012-04-01"):
        request = Request(facts=facts, subject=facts_pb2.Subject(birth_date=day))
        reply = servicer.CheckEligibility(request, LocalContext())
        ends.add(reply.valid_until.ToJsonString())
    assert ends == {"2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z"}


@pytest.mark.parametrize("known_before", [False, True])
def test_names_are_held_against_the_policies_in_force(known_before: bool) -> None:  # noqa: FBT001
    """Facts that an earlier revision knew are refused by one that doesn't know a name in them."""
    world = SmallWorld()
    servicer = servicer_of(world)
    request = Request(facts=facts_pb2.Facts(action="call", product="telegram"))
    if known_before:
        assert not isinstance(outcome_of(servicer, request), tuple)
    kinds = {**LEXICON.kinds, "action": {"message_send": ()}}
    lexicon = replace(LEXICON, kinds=kinds)
    ruleset = replace(BUNDLE.eligibility, lexicon=lexicon)
    world.policies.current = SmallPolicy(
        bundle=replace(BUNDLE, digest="cd" * 32, eligibility=ruleset)
    )
    refused = outcome_of(servicer, request)
    assert isinstance(refused, tuple)
    assert "facts.action" in refused[1]


def test_long_facts_are_not_remembered() -> None:
    """A caller can't fill the memory with facts as long as the limits allow."""

    def facts_of(length: int) -> facts_pb2.Facts:
        return facts_pb2.Facts(action="call", purposes=["work"] * (length // len("work")))

    known = KnownFacts()
    for length in (40, MOST_BYTES):
        known.keep(facts_of(length), "ab")
    assert known.find(facts_of(40).SerializeToString()) is not None
    assert known.find(facts_of(MOST_BYTES).SerializeToString()) is None


def test_facts_are_known_by_their_parts() -> None:
    """Connections and the rest that were good in other company need no examination."""
    known = KnownFacts()
    ukraine = facts_pb2.Connection(factor="works_for", place="UA", populations=["military"])
    poland = facts_pb2.Connection(factor="presence", place="PL")
    call, post = (facts_pb2.Facts(action=a, product="telegram") for a in ("call", "channel_post"))
    for facts, one in ((call, ukraine), (post, poland)):
        known.keep(facts_pb2.Facts(action=facts.action, product="telegram", connections=[one]), "a")
    asked = facts_pb2.Facts(action="call", product="telegram", connections=[poland, ukraine])
    found = known.find(asked.SerializeToString())
    assert found is not None
    assert found == (question_of(asked), "a")
    other = facts_pb2.Connection(factor="presence", place="FR")
    asked.connections.append(other)
    assert known.find(asked.SerializeToString()) is None
    known.keep(facts_pb2.Facts(action="search", product="telegram", connections=[other]), "b")
    assert known.find(asked.SerializeToString()) is None


def test_more_connections_than_allowed_are_not_known_by_their_parts() -> None:
    """Each may be good; there are too many all the same."""
    known = KnownFacts()
    one = facts_pb2.Connection(factor="presence", place="PL")
    most = limit_of("comity.v1.Facts.connections").most_entries or 0

    def facts_of(count: int) -> bytes:
        return facts_pb2.Facts(action="call", connections=[one] * count).SerializeToString()

    known.keep(facts_pb2.Facts(action="call", connections=[one]), "a")
    assert known.find(facts_of(most)) is not None
    assert known.find(facts_of(most + 1)) is None


def test_connections_with_unknown_fields_are_not_remembered() -> None:
    """What the contract doesn't know may hold anything."""
    known = KnownFacts()
    plain = facts_pb2.Connection(factor="presence", place="PL")
    odd = facts_pb2.Connection.FromString(plain.SerializeToString() + b"\xfa\x3e\x03abc")
    for one, is_known in ((odd, False), (plain, True)):
        facts = facts_pb2.Facts(action="call", connections=[one])
        known.keep(facts, "a")
        assert (known.find(facts.SerializeToString()) is not None) is is_known


def test_facts_that_are_written_in_another_way_are_not_known() -> None:
    """Nor what is no message at all."""
    known = KnownFacts()
    facts = facts_pb2.Facts(action="call", product="telegram")
    octets = facts.SerializeToString()
    known.keep(facts, "a")
    assert known.find(octets) is not None
    assert known.find(b"\x12\x06signal" + octets) is None
    assert known.find(octets[:-1]) is None
