"""Replies joined from encoded parts are those made as messages."""

from __future__ import annotations

from collections import Counter

import pytest
from comity.app.eligibility import Answer
from comity.domain.errors import ComityError
from comity.domain.request import View
from comity.grpc_api.callers import LoopbackEntitlements
from comity.grpc_api.eligibility import EligibilityServicer
from comity.grpc_api.reply_composing import ReplyComposer, finish
from comity.policy.rules import Ruleset
from property.choices import RandomChoices
from property.octet_paths import Path
from property.octet_requests import Unary
from property.octet_sources import GENERATED, SHIPPED, Source
from property.reply_messages import Reply, reply_of
from unit.grpc_api.local_calls import LocalCall

SESSIONS = 60
# What has to be among the replies for the comparison to be worth anything.
WANTED = ("reasons", "presumed_facts", "missing_facts", "message", "provenance", "obligations")


class ComparingComposer(ReplyComposer):
    """Compares each reply with the message, made at once, that it stands for.

    Attributes:
        seen: fields of replies, and views.
    """

    def __init__(self) -> None:
        """Begin with nothing encoded."""
        super().__init__()
        self.seen: Counter[str] = Counter()

    def common(self, answer: Answer, view: View, ruleset: Ruleset) -> bytes:
        """Return what replies have in common.

        Fails unless the whole says what the message says.
        """
        octets = super().common(answer, view, ruleset)
        expected = reply_of(answer, view, ruleset)
        assert Reply.FromString(finish(octets, answer, view)) == expected
        self.seen.update(field.name for field, _ in expected.ListFields())
        self.seen[view.name] += 1
        return octets


@pytest.mark.parametrize("source", [GENERATED, SHIPPED])
def test_replies_from_encoded_parts_say_what_messages_say(source: Source) -> None:
    """To every view, of generated and of shipped policies, whatever was replied before."""
    composer = ComparingComposer()
    for seed in range(SESSIONS):
        choices = RandomChoices(seed)
        now = source.boundary(choices)
        path = Path(lambda now=now: now, source)
        ruleset = source.world(choices.integer(0, source.worlds - 1))
        path.policies.exchange(ruleset, f"{seed:064x}")
        servicer = EligibilityServicer(path._eligibility(), path._texts(), LoopbackEntitlements())
        servicer._replies = composer
        for asked in source.questions(choices, ruleset, now.date()):
            for view in View:
                check(servicer, asked, view)
    assert min(composer.seen[name] for name in (*WANTED, *View.__members__)) > 3, composer.seen


def check(servicer: EligibilityServicer, asked: Unary, view: View) -> None:
    """Ask for an answer in `view`; questions that are no good have none."""
    asked.options.view = f"VIEW_{view.name}"
    try:
        servicer.CheckEligibility(asked, LocalCall())
    except ComityError:
        return
