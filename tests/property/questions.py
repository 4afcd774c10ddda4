"""Generated questions as asked: facts before presumptions, unknown for one reason or another."""

from __future__ import annotations

from comity.domain.facts import Facts, UnknownReason
from comity.domain.question import Connection, Question
from comity.policy.presumptions import resolve
from comity.policy.rules import Ruleset
from property.choices import Choices, chance, pick, some
from property.situations import above, build_age, build_labels, build_members, build_now
from property.vocabulary import ALIASES, ASKED_FACTORS, KINDS, PLACES, instant

SETS = ("population", "label", "item", "purpose")
SINGLE = ("action", "product", "device")
REASONS = tuple(UnknownReason)


def build_connection(choices: Choices) -> Connection:
    """Return a connection as a caller or a look-up states it."""
    populations = build_members(choices, "population")
    return Connection(
        factor=pick(choices, ASKED_FACTORS),
        place=pick(choices, (*PLACES, *ALIASES)),
        populations=populations.yes,
        populations_absent=populations.no,
        source=pick(choices, ("caller", "geoip")),
        trust=pick(choices, ("", "", "", "low", "vpn", "wired")),
        since=instant(choices) if chance(choices, 12) else None,
        until=instant(choices) if chance(choices, 12) else None,
    )


def build_question(choices: Choices) -> Question:
    """Return a question that leaves some facts out and gives a reason for some of them."""
    given = {
        dimension: pick(choices, tuple(KINDS[dimension])) if chance(choices, 85) else None
        for dimension in SINGLE
    }
    age = build_age(choices)
    missing = [dimension for dimension, value in given.items() if value is None]
    missing += ["age"] if age is None else []
    unknown = [*missing, *some(choices, (*SETS, *ASKED_FACTORS), 0, 2)]
    labels = build_labels(choices)
    held = {kind for label in labels for kind in above("label", label.name)}
    return Question(
        **given,
        purposes=build_members(choices, "purpose").yes,
        items=build_members(choices, "item").yes,
        connections=tuple(build_connection(choices) for _ in range(choices.integer(0, 2))),
        open_factors=frozenset(some(choices, ASKED_FACTORS, 0, 1)),
        open_sets=frozenset(some(choices, SETS, 0, 1)),
        labels=labels,
        labels_absent=frozenset(some(choices, [n for n in KINDS["label"] if n not in held], 0, 1)),
        unknown={dimension: pick(choices, REASONS) for dimension in unknown},
        indicators=frozenset({"managed_device"} if chance(choices, 15) else ()),
        age=age,
        account_created=build_now(choices) if chance(choices, 70) else None,
    )


def asked_facts(choices: Choices, ruleset: Ruleset) -> Facts:
    """Return the facts of a generated question, presumptions applied."""
    return resolve(build_question(choices), ruleset.lexicon, ruleset.atlas)
