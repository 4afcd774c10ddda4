"""What is remembered of answers stays within bounds, and tells of nobody."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from ipaddress import ip_address
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

import pytest
from comity.grpc_api import remembered_answers
from comity.grpc_api.limits import limit_of
from comity.grpc_api.remembered_answers import MOST_OCTETS, Memory
from comity.grpc_api.shortcuts import CHECK
from comity.grpc_api.swift_calls import BATCH
from comity.v1 import eligibility_service_pb2, facts_pb2
from property.octet_paths import Path, SwiftPath
from property.octet_records import told_in
from unit.grpc_api.local_calls import LocalCall
from unit.grpc_api.small_world import NOW, RULESET

Question = eligibility_service_pb2.CheckEligibilityRequest
Batch = eligibility_service_pb2.BatchCheckEligibilityRequest
Item = eligibility_service_pb2.BatchCheckEligibilityItem
FEW = 4

ACCOUNT, NUMBER, BORN = "canary-account-4711", "+380509998877", "2012-03-07"
ADDRESSES = ("8.77.66.55", "2a00:dead:beef:cafe:1:2:3:4", "::ffff:8.55.44.33")
# What is as it is all over the program, and leads everywhere.
LEADING_AWAY = (type, ModuleType, BuiltinFunctionType)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        """Begin at the one instant there is."""
        self.now = NOW

    def __call__(self) -> datetime:
        """Return the present."""
        return self.now


def server() -> SwiftPath:
    """Return a server of the small world that has answered nothing yet."""
    path = SwiftPath(Clock())
    path.policies.exchange(RULESET, "ab" * 32)
    return path


def memory_of(path: SwiftPath) -> Memory:
    """Return what a server remembers."""
    memory = path.shortcuts.memory()
    assert memory is not None
    return memory


def reachable(root: object) -> Iterator[object]:
    """Yield every object that is kept by `root`, without what belongs to the whole program."""
    seen, todo = {id(root)}, [root]
    while todo:
        found = todo.pop()
        yield found
        kept = gc.get_referents(found)
        if isinstance(found, dict):  # if its keys are all texts, they are not among the referents
            kept = [*found.keys(), *found.values()]
        elif isinstance(found, FunctionType):
            kept = [found.__closure__, found.__defaults__, found.__kwdefaults__]
        elif isinstance(found, MethodType):
            kept = [found.__self__, found.__func__]
        for each in kept:
            if id(each) not in seen and not isinstance(each, LEADING_AWAY):
                seen.add(id(each))
                todo.append(each)


def octets_in(root: object) -> set[bytes]:
    """Return every text and every string of octets that is kept by `root`, as octets."""
    found = {each.encode() for each in reachable(root) if isinstance(each, str)}
    return found | {bytes(e) for e in reachable(root) if isinstance(e, bytes | bytearray)}


def test_nothing_of_the_subject_is_remembered_but_days_of_birth() -> None:
    """No account, no address, no number: not as text, not packed, not within other octets."""
    path = server()
    for address in ADDRESSES:
        subject = facts_pb2.Subject(
            account_id=ACCOUNT, ip_address=address, phone_number=NUMBER, birth_date=BORN
        )
        for action in ("call", "message_send"):
            facts = facts_pb2.Facts(action=action, product="telegram")
            question = Question(subject=subject, facts=facts).SerializeToString()
            batch = Batch(items=[Item(subject=subject, facts=facts)] * 3).SerializeToString()
            for _ in range(4):
                assert path.call(CHECK, question, LocalCall())[0].reply
                assert path.call(BATCH, batch, LocalCall())[0].reply
    assert path.hits > 10
    kept = octets_in(memory_of(path))
    assert BORN.encode() in kept  # else this would find nothing at all
    packed = [ip_address(address).packed for address in ADDRESSES]
    canaries = [ACCOUNT.encode(), NUMBER.encode(), NUMBER.lstrip("+").encode()]
    canaries += [*packed, packed[2][12:], *(address.encode() for address in ADDRESSES)]
    for canary in canaries:
        assert not [octets for octets in kept if canary in octets]


def test_facts_with_fields_that_nobody_knows_are_not_remembered() -> None:
    """They may hold anything, an account too; such questions are answered like all others."""
    path, unknown = server(), b"\xfa\x3f" + bytes((len(ACCOUNT),)) + ACCOUNT.encode()
    known = facts_pb2.Facts(action="call", product="telegram").SerializeToString()
    for facts in (known + unknown, known):
        question = Question(facts=facts_pb2.Facts.FromString(facts))
        for _ in range(4):
            assert path.call(CHECK, question.SerializeToString(), LocalCall())[0].reply
        assert (path.hits > 0) is (facts == known)
    kept = octets_in((memory_of(path), path.servicer))
    assert not [octets for octets in kept if ACCOUNT.encode() in octets]


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have only a few of everything remembered."""
    for name in ("ASKED_KEPT", "ANSWERS_KEPT", "AGES_KEPT"):
        monkeypatch.setattr(remembered_answers, name, FEW)


@pytest.mark.usefixtures("small_memory")
def test_a_full_memory_stays_within_bounds_and_answers_right() -> None:
    """Facts, answers and ages that don't come again make room for others."""
    path, plain = server(), Path(Clock())
    plain.policies.exchange(RULESET, "ab" * 32)
    chance = random.Random(5)
    questions = [
        Question(
            subject=facts_pb2.Subject(birth_date=(date(2010, 1, 1) + timedelta(n)).isoformat()),
            facts=facts_pb2.Facts(
                action="call", product="telegram", purposes=["work"] * (n % 9 + 1)
            ),
        ).SerializeToString()
        for n in range(30)
    ]
    for _ in range(300):
        octets = chance.choice(questions[: chance.choice((2, 5, 30))])
        outcome, _ = path.call(CHECK, octets, LocalCall())
        expected, _ = plain.call(CHECK, octets, LocalCall())
        assert told_in(CHECK, outcome) == told_in(CHECK, expected)
        memory = memory_of(path)
        for cache in (memory.asked, memory.glimpsed, memory.answers, memory.ages_at(NOW)):
            assert len(cache) <= 2 * FEW
    assert path.hits > 50


@pytest.mark.parametrize(("excess", "known"), [(0, True), (1, False)])
def test_long_facts_are_not_remembered(excess: int, known: bool) -> None:  # noqa: FBT001
    """A caller can't fill the memory with facts as long as the limits allow."""
    path = server()
    facts = facts_pb2.Facts(action="call", product="telegram")
    least = facts_pb2.Connection(factor="works_for", place="UA", source="s")
    while MOST_OCTETS + excess - facts.ByteSize() > 200:
        facts.connections.append(least)
        facts.connections[-1].source = "s" * 60
    while (left := MOST_OCTETS + excess - facts.ByteSize()) > 0:
        facts.connections.append(least)
        facts.connections[-1].source = "s" * max(1, min(60, left - least.ByteSize() - 1))
    assert facts.ByteSize() == MOST_OCTETS + excess
    octets = Question(facts=facts).SerializeToString()
    for _ in range(5):
        assert path.call(CHECK, octets, LocalCall())[0].reply
    assert (path.hits > 0) is known


def test_another_revision_begins_with_an_empty_memory() -> None:
    """Even one with the same content: its epoch is told in replies and spans."""
    path = server()
    octets = Question(facts=facts_pb2.Facts(action="call", product="telegram")).SerializeToString()
    for _ in range(4):
        path.call(CHECK, octets, LocalCall())
    before, hits = memory_of(path), path.hits
    assert hits
    path.policies.exchange(RULESET, "ab" * 32)
    assert memory_of(path) is not before
    outcome, _ = path.call(CHECK, octets, LocalCall())
    assert path.hits == hits
    reply = eligibility_service_pb2.CheckEligibilityResponse.FromString(outcome.reply or b"")
    assert reply.policy_revision.epoch == 2


def test_a_birth_of_tomorrow_is_refused_though_it_was_good_when_the_clock_stood_later() -> None:
    """A clock that is set back over the hour at which a day begins somewhere changes nothing."""
    clock = Clock()
    path = SwiftPath(clock)
    path.policies.exchange(RULESET, "ab" * 32)
    facts = facts_pb2.Facts(action="call", product="telegram")
    day_begins = datetime(2024, 10, 1, 10, tzinfo=NOW.tzinfo)
    newborns = [
        Question(subject=facts_pb2.Subject(birth_date=day), facts=facts).SerializeToString()
        for day in ("2024-09-30", "2024-10-02")
    ]
    for hours, good in ((-1, [True, False]), (0, [True, True]), (-1, [True, False])):
        clock.now = day_begins + timedelta(hours=hours)
        for octets, expected in [*zip(newborns, good, strict=True)] * 4:
            outcome, _ = path.call(CHECK, octets, LocalCall())
            assert (outcome.reply is not None) is expected
    assert path.hits


def test_accounts_are_recalled_that_the_contract_allows_and_no_others() -> None:
    """Of one character each, and of more than one."""
    path, facts = server(), facts_pb2.Facts(action="call", product="telegram")
    limit = limit_of(f"{facts_pb2.Subject.DESCRIPTOR.full_name}.account_id")
    assert limit.compiled_pattern is not None
    assert limit.most_characters is not None
    longest = "a" * limit.most_characters
    texts = [chr(n) for n in (*range(1, 0x180), 0x2028, 0xFF21, 0x1F600)]
    for text in (*texts, *(f"a{one}b" for one in texts), longest, longest + "a"):
        subject = facts_pb2.Subject(account_id=text)
        question = Question(subject=subject, facts=facts).SerializeToString()
        good = limit.compiled_pattern.fullmatch(text) is not None and len(text) <= len(longest)
        outcomes = [path.call(CHECK, question, LocalCall())[0] for _ in range(3)]
        assert {outcome.reply is not None for outcome in outcomes} == {good}
    assert path.hits > 2 * 90
