"""How long answers are kept."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from comity.client.cache import AnswerCache, read_steady_clock
from comity.v1.common_pb2 import PolicyRevision
from comity.v1.eligibility_service_pb2 import CheckEligibilityRequest, CheckEligibilityResponse


@dataclass
class Hands:
    """A clock that is set by hand."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        """Return what it shows."""
        return self.seconds


def question(action: str = "call", **options: object) -> CheckEligibilityRequest:
    """Return a question."""
    return CheckEligibilityRequest(facts={"action": action}, options=options)  # type: ignore[arg-type]


def reply(
    max_age: int = 60, valid_for: float | None = None, epoch: int = 7, **more: object
) -> CheckEligibilityResponse:
    """Return a reply that may be kept for `max_age` seconds, and is valid for `valid_for`."""
    response = CheckEligibilityResponse(
        effect="EFFECT_DENY",
        policy_revision=PolicyRevision(epoch=epoch, digest=f"{epoch:064x}"),
        **more,  # type: ignore[arg-type]
    )
    response.max_age.FromSeconds(max_age)
    response.evaluated_at.FromSeconds(1_000_000)
    if valid_for is not None:
        response.valid_until.FromNanoseconds(int((1_000_000 + valid_for) * 1e9))
    return response


@pytest.fixture
def clock() -> Hands:
    """The time by the cache's clock."""
    return Hands()


@pytest.fixture
def cache(clock: Hands) -> AnswerCache:
    """A cache for two answers."""
    return AnswerCache(2, clock)


def keep(
    cache: AnswerCache, asked: CheckEligibilityRequest, answered: CheckEligibilityResponse
) -> bytes:
    """Offer an answer to the cache and return its key."""
    key = cache.key_of(asked)
    cache.put(key, asked, answered, cache.now())
    return key


@pytest.mark.parametrize(
    ("max_age", "valid_for", "kept_for"),
    [(60, None, 60), (60, 3600, 60), (60, 2.5, 2.5), (0, 3600, 0), (60, 0, 0), (60, -1, 0)],
)
def test_an_answer_is_kept_for_its_max_age_and_not_past_its_validity(
    cache: AnswerCache, clock: Hands, max_age: int, valid_for: float | None, kept_for: float
) -> None:
    """Whichever comes first; to the instant."""
    key = keep(cache, question(), reply(max_age, valid_for))
    start = clock.seconds
    clock.seconds = start + kept_for - 0.001
    assert (cache.get(key) is not None) is (kept_for > 0)
    clock.seconds = start + kept_for
    assert cache.get(key) is None
    assert len(cache) == 0


def test_time_counts_from_when_the_question_was_sent(cache: AnswerCache, clock: Hands) -> None:
    """A slow reply is kept for as much less."""
    key = cache.key_of(question())
    asked_at = cache.now()
    clock.seconds += 59
    cache.put(key, question(), reply(), asked_at)
    assert cache.get(key) is not None
    clock.seconds += 1
    assert cache.get(key) is None


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (question(view="VIEW_USER"), reply()),
        (question(explain_missing=True), reply()),
        (question(), reply(degraded=["presence"])),
    ],
    ids=["the user's view hides validity", "explained", "degraded"],
)
def test_some_answers_are_never_kept(
    cache: AnswerCache, asked: CheckEligibilityRequest, answered: CheckEligibilityResponse
) -> None:
    """Whatever their max_age."""
    assert cache.get(keep(cache, asked, answered)) is None


def test_an_indeterminate_answer_is_kept_like_others(cache: AnswerCache) -> None:
    """The same facts give the same answer."""
    answered = reply(determination="DETERMINATION_INDETERMINATE")
    assert cache.get(keep(cache, question(), answered)) == answered


def test_the_least_recently_used_go_first(cache: AnswerCache) -> None:
    """No more are kept than the cache is for."""
    first, second = (keep(cache, question(action), reply()) for action in "ab")
    assert cache.get(first)
    third = keep(cache, question("c"), reply())
    assert cache.get(second) is None
    assert cache.get(first)
    assert cache.get(third)
    assert len(cache) == 2


def test_a_cache_for_nothing_keeps_nothing() -> None:
    """Zero entries switch it off."""
    cache = AnswerCache(0)
    assert cache.get(keep(cache, question(), reply())) is None


def test_a_kept_answer_can_not_be_changed_by_whoever_gets_it(cache: AnswerCache) -> None:
    """Everybody gets a message of their own."""
    key = keep(cache, question(), reply())
    first = cache.get(key)
    assert first is not None
    first.Clear()
    assert cache.get(key) == reply()


def test_a_new_revision_drops_the_answers_of_all_others(cache: AnswerCache) -> None:
    """An answer of the old one that comes in late isn't kept either; one of a newer one is."""
    old = keep(cache, question("a"), reply(epoch=7))
    new = keep(cache, question("b"), reply(epoch=8))
    cache.see(reply(epoch=8).policy_revision)
    assert cache.get(old) is None
    assert cache.get(new) is not None
    assert cache.get(keep(cache, question("a"), reply(epoch=7))) is None
    assert cache.get(keep(cache, question("c"), reply(epoch=9))) is not None


def test_a_server_that_begins_anew_drops_what_was_kept(cache: AnswerCache) -> None:
    """A lower epoch, or the same with another digest, is another revision too."""
    key = keep(cache, question(), reply(epoch=7))
    cache.see(PolicyRevision(epoch=7, digest="other"))
    assert cache.get(key) is None
    key = keep(cache, question(), reply(epoch=7))
    cache.see(reply(epoch=1).policy_revision)
    assert cache.get(key) is None


def test_without_a_watch_max_age_alone_counts(cache: AnswerCache, clock: Hands) -> None:
    """After it is lost any revision's answers are kept again, for their max_age."""
    cache.see(reply(epoch=8).policy_revision)
    cache.lose_sight()
    key = keep(cache, question(), reply(epoch=7))
    assert cache.get(key) is not None
    clock.seconds += 60
    assert cache.get(key) is None


def test_keys_tell_questions_apart_and_hold_none(cache: AnswerCache) -> None:
    """They are short digests under a secret of the cache."""
    asked = CheckEligibilityRequest(subject={"phone_number": "+380501234567"})  # type: ignore[arg-type]
    key = cache.key_of(asked)
    assert len(key) == 16
    assert key == cache.key_of(CheckEligibilityRequest.FromString(asked.SerializeToString()))
    assert key != cache.key_of(question())
    assert key != AnswerCache(2).key_of(asked)


def test_the_clock_does_not_go_back() -> None:
    """It is the machine's steady one."""
    assert read_steady_clock() <= read_steady_clock()
