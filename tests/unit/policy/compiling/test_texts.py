"""What people read of compiled rules."""

from __future__ import annotations

from textwrap import dedent

from comity.policy.rule_texts import Citation, HistoryEntry, RuleText, SuspensionEntry
from unit.policy.compiling.one_file import compile_file, rule_text, rules_of

DENY = "effect: deny\napplies_to: {connected_by: presence, product: telegram}\nin_force: [{}]\n"


def text_of(keys: str) -> RuleText:
    """Return the text of a rule with `keys`."""
    return rules_of(compile_file(rule_text(DENY + dedent(keys))))["a-rule"].text


def test_a_suspension_is_told_as_the_file_writes_it() -> None:
    """When, how, by whom and why."""
    told = text_of("""\
        suspended:
          - {from: 2025-06, until: 2025-11-25T00:00:00Z, by: A court}
          - {through: 2024-01-31, by: The maker, kind: deferred, note: Not ready.}
          - {from: unknown, by: A court}
        """).suspensions
    assert told == (
        SuspensionEntry("2025-06", "2025-11-25T00:00:00Z", "", "A court", "stayed"),
        SuspensionEntry("", "", "2024-01-31", "The maker", "deferred", "Not ready."),
        SuspensionEntry("unknown", "", "", "A court", "stayed"),
    )


def test_an_event_says_where_it_can_be_read() -> None:
    """If that is recorded."""
    told = text_of("""\
        history:
          - {on: 2024-09-19, event: decided, by: NCCC, source: {title: Minutes, pinpoint: item 1}}
          - {on: 2024-09-20, event: published}
        """).history
    assert told == (
        HistoryEntry("2024-09-19", "decided", "NCCC", citation=Citation("Minutes", "", "item 1")),
        HistoryEntry("2024-09-20", "published", ""),
    )


def test_why_a_rule_is_applied_though_unverified_is_told() -> None:
    """Empty for any other rule."""
    keys = "confidence: unverified\napply_unverified: the act is public\n"
    assert text_of(keys).apply_unverified == "the act is public"
    assert text_of("").apply_unverified == ""


def test_a_rule_is_confidential_if_it_says_so() -> None:
    """And only then."""
    assert text_of("confidential: true\n").confidential
    assert not text_of("").confidential
