"""Prints how long comparing two revisions takes; run with `python tests/bench/diff.py`.

The rules are those of the engine's benchmark, four to a place; 20 of them are changed, each in one
of five ways. What differs with all facts known is found in full; in doubt so many questions are
tried, and `in doubt` says whether those were all. The last line gives the bound that must hold.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

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


def timed(compare: Callable[[], Comparison]) -> tuple[float, float, Comparison]:
    """Return the seconds a comparison took, by the clock and of the processor, and its result."""
    gc.collect()
    start, used = time.perf_counter(), time.process_time()
    found = compare()
    return time.perf_counter() - start, time.process_time() - used, found


def row(size: str, changed: str, times: tuple[float, float], found: Comparison, told: str) -> str:
    """Return a line of the table."""
    doubt = "all" if found.is_complete else "some"
    (took, used), regions = times, len(found.regions)
    return f"{size:>7}{changed:>9}{regions:>9}{took:>8.2f}{used:>7.2f}{doubt:>10}  {told}"


def main() -> int:
    """Print the table; return 1 if the bound doesn't hold."""
    whole = 0.0
    print(
        f"{'rules':>7}{'changed':>9}{'regions':>9}{'s':>8}{'CPU s':>7}{'in doubt':>10}  directions"
    )
    for size in SIZES:
        old, new = build_revisions(size)
        affected = len(find_changes(Revision(old), Revision(new)).affected)
        whole, used, found = timed(lambda old=old, new=new: compare_rulesets(old, new))
        ways = Counter(region.direction.value for region in found.regions)
        told = ", ".join(f"{count} {way}" for way, count in sorted(ways.items()))
        print(row(str(size), str(affected), (whole, used), found, told))
        took, used, proven = timed(lambda old=old, new=new: compare_rulesets(old, new, "C0"))
        print(row("", "", (took, used), proven, "without C0"))
    print(f"{SIZES[-1]} rules with {CHANGES} changes: {whole:.1f} s (at most {MOST_SECONDS:.0f})")
    return 0 if whole <= MOST_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
