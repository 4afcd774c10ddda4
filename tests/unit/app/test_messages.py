"""The text that a user may be shown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from comity.app.messages import message_for
from comity.domain.decision import Decision, Determination
from comity.domain.effect import ALLOWED, DENIED, Outcome, Verify, Warn, outcome_of
from comity.policy.lexicon import Lexicon

NOW = datetime(2024, 10, 1, tzinfo=UTC)
LEXICON = Lexicon(
    notices={
        "deny": {"en": "Not here.", "uk": "Не тут."},
        "warn": {"en": "There is a notice.", "uk": "Є попередження."},
        "advice": {"en": "Better not.", "uk": "Краще ні."},
        "fine": {"en": "There is a fine."},
    }
)


@pytest.mark.parametrize(
    ("outcome", "language", "message"),
    [
        (ALLOWED, "en", ""),
        (DENIED, "uk-UA", "Не тут."),
        (DENIED, "de", "Not here."),
        (outcome_of([Warn("advice")]), "uk", "Краще ні."),
        (outcome_of([Warn("fine"), Warn("advice")]), "uk", "Краще ні. There is a fine."),
        (outcome_of([Warn("without text")]), "uk", "Є попередження."),
        (outcome_of([Verify("age"), Warn("advice")]), "en", ""),
    ],
)
def test_an_answer_without_a_rule_that_has_a_text_is_told_by_the_vocabulary(
    outcome: Outcome, language: str, message: str
) -> None:
    """By the text of its effect; a warning by those of its notices."""
    decision = Decision(outcome, Determination.DECIDED, (), (), (), (), (), None)
    assert message_for(decision, {}, LEXICON, NOW, language) == message
