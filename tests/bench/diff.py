"""Prints how long comparing two revisions takes; run with `python tests/bench/diff.py`.

The rules are those of the engine's benchmark, four to a place; 20 of them are changed, each in one
of five ways. The last line gives the bound that must hold.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from bench.engine import build_ruleset
from comity.domain.effect import Verify, outcome_of
from comity.policy.diffing.changes import Revision, find_changes
from comity.policy.diffing.comparison import Comparison, compare_rulesets
from comity.policy.lexicon import FactorTerm, Presumption
from comity.policy.rules import Rule, Ruleset
from comity.policy.timeline import Timeline

SIZES = (1_000, 10_000)
CHANGES = 20
MOST_SECONDS = 10.0
FACTORS = {
    "presence": FactorTerm(Presumption.OPEN),
    "phone_country": FactorTerm(Presumption.CLOSED),
    "residence": FactorTerm(Presumption.DERIVED, ("phone_country", "presence")),
    "works_for": FactorTerm(Presumption.CLOSED),
}


def start_later(rule: Rule) -> Rule:
    """Return the rule in force a day later."""
    instants = tuple(instant + timedelta(days=1) for instant in rule.timeline.instants)
    return replace(rule, timeline=replace(rule.timeline, instants=instants))


def ask_for_age(rule: Rule) -> Rule:
    """Return the rule with a verification for its effect."""
    states = tuple(s if s is None else outcome_of([Verify("age")]) for s in rule.timeline.states)
    return replace(rule, timeline=replace(rule.timeline, states=states))


def spare_nobody(rule: Rule) -> Rule:
    """Return the rule without exceptions."""
    return replace(rule, exceptions=(), person_exceptions=())


def narrow(rule: Rule) -> Rule:
    """Return the rule on one more device only."""
    body = tuple(replace(clause, devices=frozenset({"personal"})) for clause in rule.body)
    return replace(rule, body=body)


def repeal(rule: Rule) -> Rule:
    """Return the rule out of force."""
    return replace(rule, timeline=Timeline((), (None,)))


EDITS: tuple[Callable[[Rule], Rule], ...] = (start_later, ask_for_age, spare_nobody, narrow, repeal)


def build_revisions(size: int) -> tuple[Ruleset, Ruleset]:
    """Return `size` rules before and after."""
    ruleset, _ = build_ruleset(size)
    old = replace(ruleset, lexicon=replace(ruleset.lexicon, factors=FACTORS))
    rules = list(old.rules)
    for number in range(CHANGES):
        at = number * size // CHANGES
        rules[at] = EDITS[number % len(EDITS)](rules[at])
    return old, replace(old, rules=tuple(rules))


def timed(compare: Callable[[], Comparison]) -> tuple[float, Comparison]:
    """Return how many seconds a comparison took, and what it found."""
    gc.collect()
    start = time.perf_counter()
    found = compare()
    return time.perf_counter() - start, found


def main() -> int:
    """Print the table; return 1 if the bound doesn't hold."""
    whole = 0.0
    print(f"{'rules':>7}{'changed':>9}{'regions':>9}{'find s':>8}{'compare s':>11}  directions")
    for size in SIZES:
        old, new = build_revisions(size)
        start = time.perf_counter()
        affected = len(find_changes(Revision(old), Revision(new)).affected)
        finding = time.perf_counter() - start
        whole, found = timed(lambda old=old, new=new: compare_rulesets(old, new))
        ways = Counter(region.direction.value for region in found.regions)
        told = ", ".join(f"{count} {way}" for way, count in sorted(ways.items()))
        print(f"{size:>7}{affected:>9}{len(found.regions):>9}{finding:>8.2f}{whole:>11.2f}  {told}")
        outside, proven = timed(lambda old=old, new=new: compare_rulesets(old, new, "C0"))
        print(f"{'':>7}{'':>9}{len(proven.regions):>9}{'':>8}{outside:>11.2f}  without C0")
    print(f"{SIZES[-1]} rules with {CHANGES} changes: {whole:.1f} s (at most {MOST_SECONDS:.0f})")
    return 0 if whole <= MOST_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
