"""Rules that a caller may not know of, taken out of a route."""

from __future__ import annotations

from datetime import UTC, datetime

from comity.app.routing import UNSAID, conceal_rules
from comity.domain.data_route import (
    CategoryAnswer,
    Desk,
    Due,
    DueKind,
    Escalation,
    Ground,
    NoticeBy,
    Preservation,
    Redirect,
    Route,
    Step,
    UserNotice,
    Verdict,
)
from comity.domain.decision import Conflict

NOW = datetime(2026, 11, 25, tzinfo=UTC)
SECRET, OPEN = "any-secret", "fr-open"
ROUTE = Route(
    desk=Desk("intake", ("en",), "UTC", "always"),
    due=Due(DueKind.INSTANT, NOW, SECRET),
    user_notice=UserNotice(NoticeBy.PLATFORM, "disclosure", rule_id=SECRET),
    profile="tg2024",
    redirect=Redirect("intake", "The secret says so.", SECRET),
    answers=(
        CategoryAnswer(
            "content",
            Verdict.NEEDS_INFORMATION,
            grounds=(
                Ground("RED_FLAG", "The secret says so.", "Ask the secret.", SECRET),
                Ground("NOT_TOS", "No breach.", "Say which.", OPEN),
            ),
            escalations=(
                Escalation("counsel", "RED_FLAG", "The secret says so."),
                Escalation("counsel", "NOT_TOS", "No breach."),
            ),
        ),
    ),
    steps=(Step("legal_analysis", "Let counsel analyse it.", Due(DueKind.AT_ONCE, None, SECRET)),),
    tasks=(Step("tell_issuer", "Tell the issuer.", rule_id=SECRET), Step("wait", "Wait.")),
    preservation=Preservation(NOW, until_event="production", rule_id=SECRET, categories=("a",)),
    conflicts=(Conflict(SECRET, OPEN), Conflict("ab", OPEN)),
    rule_ids=(SECRET, OPEN),
)


def test_neither_ids_nor_words_of_a_hidden_rule_are_left() -> None:
    """Verdict, codes, desk, times and steps stay; so does what other rules say."""
    found = conceal_rules(ROUTE, {SECRET})
    told = repr(found)
    assert SECRET not in told
    assert "The secret" not in told
    assert "Ask the secret" not in told
    [answer] = found.answers
    assert [(g.code, g.text) for g in answer.grounds] == [
        ("RED_FLAG", UNSAID),
        ("NOT_TOS", "No breach."),
    ]
    assert [e.text for e in answer.escalations] == [UNSAID, "No breach."]
    assert found.conflicts == (Conflict("ab", OPEN),)
    assert found.rule_ids == (OPEN,)
    assert found.due.instant == NOW
    assert found.preservation is not None
    assert found.preservation.categories == ("a",)


def test_nothing_is_taken_out_where_nothing_is_hidden() -> None:
    assert conceal_rules(ROUTE, ()) == ROUTE
    assert conceal_rules(ROUTE, {"another"}) == ROUTE
