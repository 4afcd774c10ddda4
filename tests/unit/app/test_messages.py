"""The text that a user may be shown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from comity.app.messages import in_language, message_for
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


@pytest.mark.parametrize(
    ("language", "tag"),
    [
        ("zh-TW", "zh-Hant"),
        ("zh-hant-hk", "zh-Hant"),
        ("ZH", "zh"),
        ("zh-Hans-CN", "zh"),
        ("pt", "pt-BR"),
        ("no", "nb"),
        ("nn-NO", "nb"),
        ("de-AT", "en"),
    ],
)
def test_a_text_is_found_in_the_form_of_the_language_that_is_nearest(
    language: str, tag: str
) -> None:
    texts = {key: key for key in ("en", "zh", "zh-Hant", "pt-BR", "nb")}
    assert in_language(texts, language) == tag


def test_a_form_of_the_language_goes_before_english() -> None:
    assert in_language({"en": "English", "zh-Hant": "Traditional"}, "zh") == "Traditional"


def test_a_text_in_no_language_is_nothing() -> None:
    assert in_language({}, "uk") == ""
