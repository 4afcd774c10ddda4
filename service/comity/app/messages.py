"""The text that a user may be shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from comity.domain.decision import Decision, Standing
from comity.domain.effect import Effect, Warn
from comity.policy.lexicon import Lexicon
from comity.policy.rules import Rule

FALLBACK_LANGUAGE = "en"
_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})
# Norwegian without a written form, and the form that few texts are written in.
_READ_AS = {"no": "nb", "nn": "nb"}


def message_for(
    decision: Decision,
    rules: Mapping[str, Rule],
    lexicon: Lexicon,
    now: datetime,
    language: str,
) -> str:
    """Return the user's text for `decision`: that of the first public rule that asks for it.

    A rule without a text of its own, and a confidential rule, give the vocabulary's text for the
    effect, that of each notice for a warning, so that a secret cause reads like any other. Empty
    for `allow`.
    """
    if decision.effect is Effect.ALLOW:
        return ""
    for reason in decision.reasons:
        rule = rules[reason.rule_id]
        settled = reason.standing is not Standing.POSSIBLE
        state = rule.timeline.state_at(now)
        asks_this = state is not None and state.effect is decision.effect
        if settled and asks_this and rule.text.message and not rule.text.confidential:
            return in_language(rule.text.message, language)
    if decision.effect is Effect.WARN:
        warnings = (o.notice for o in decision.outcome.obligations if isinstance(o, Warn))
        told = (in_language(lexicon.notices.get(name, {}), language) for name in sorted(warnings))
        if text := " ".join(filter(None, told)):
            return text
    return in_language(lexicon.notices.get(decision.effect.name.lower(), {}), language)


def in_language(texts: Mapping[str, str], language: str) -> str:
    """Return the text in `language`, in its base language, in English, or nothing.

    Tags are compared without regard to case. Chinese of a place that writes the traditional
    script is `zh-Hant`, Norwegian also `nb`; a base language without a text is any form of it
    that has one.
    """
    wanted = language.lower()
    base, *rest = wanted.split("-")
    script = ["zh-hant"] if base == "zh" and not _TRADITIONAL.isdisjoint(rest) else []
    by_tag = {tag.lower(): text for tag, text in texts.items()}
    kindred = [tag for tag in by_tag if tag.partition("-")[0] == base]
    for tag in (wanted, *script, base, *kindred, _READ_AS.get(base), FALLBACK_LANGUAGE):
        if tag is not None and tag in by_tag:
            return by_tag[tag]
    return ""
