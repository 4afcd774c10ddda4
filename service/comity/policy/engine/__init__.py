"""The engine: answers questions by bitsets over rules, and remembers its answers.

facts -> columns (scenes) -> verdicts (weighing) -> decision (answering), which stands for some
time (validity). `Engine` puts the steps together.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime

from comity.domain.decision import Decision
from comity.domain.facts import Age, BornBetween, Facts
from comity.policy.engine.ages import AgeCell, Birthday, next_birthday
from comity.policy.engine.answering import Answering, undisturbed
from comity.policy.engine.bits import numbers_in
from comity.policy.engine.cache import Cache
from comity.policy.engine.clashes import Clashes
from comity.policy.engine.moments import Calendar, Moment
from comity.policy.engine.rulings import Rulings
from comity.policy.engine.scenes import Scene, Scenery, Sight
from comity.policy.engine.table import build_table
from comity.policy.engine.unknowns import Unknowns
from comity.policy.engine.validity import Horizon, next_edge
from comity.policy.engine.weighing import InForce, Weighing, weigh
from comity.policy.rules import Ruleset

DECISIONS_KEPT = 8_192


@dataclass(frozen=True, slots=True)
class Masks:
    """Which rules bear on the facts, over all connections.

    Attributes:
        certain: ids of rules whose value is T on some connection.
        held: ids of rules whose body is met, and no exception proven, on some connection.
        possible: ids of rules whose value is not F on some connection.
    """

    certain: frozenset[str]
    held: frozenset[str]
    possible: frozenset[str]


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer, and for how long it may be given again.

    Attributes:
        decision: the answer, its end without regard to birthdays.
        birthdays: birthdays that could change it.
        start: first instant at which it may be given.
        end: first instant at which it may not.
    """

    decision: Decision
    birthdays: tuple[Birthday, ...]
    start: datetime
    end: datetime

    def for_facts(self, facts: Facts, now: datetime) -> Decision:
        """Return the answer as given to `facts`, which may differ in birth date and presumption."""
        decision = self.decision
        if self.birthdays and isinstance(facts.age, BornBetween):
            birthday = next_birthday(facts.age, self.birthdays, now)
            if birthday is not None:
                ends = (birthday, decision.valid_until or birthday)
                decision = replace(decision, valid_until=min(ends))
        if decision.presumed_facts != facts.presumed:
            decision = replace(decision, presumed_facts=facts.presumed)
        return decision


class Engine:
    """The compiled form of a set of rules; immutable but for caches, shared by threads."""

    __slots__ = ("_answering", "_calendar", "_horizon", "_memo", "_scenery", "_table")

    def __init__(self, ruleset: Ruleset) -> None:
        """Compile `ruleset`."""
        table = build_table(ruleset)
        scenery = Scenery(ruleset, table)
        edges = {*scenery.places.instants, *scenery.bases.products.instants}
        rulings = Rulings(table.rules, ruleset.rulings)
        self._table = table
        self._scenery = scenery
        self._calendar = Calendar(table, scenery.bases.ages, rulings, edges)
        self._horizon = Horizon(table, self._calendar, scenery.bases.ages, rulings)
        unknowns = Unknowns(table, scenery.kinds)
        self._answering = Answering(table, unknowns, Clashes(table, rulings))
        self._memo: Cache[Hashable, Remembered] = Cache(DECISIONS_KEPT)

    def evaluate(self, facts: Facts, now: datetime) -> Decision:
        """Answer the question that `facts` ask at `now`, an aware datetime."""
        return self.recall(facts, now).for_facts(facts, now)

    def recall(self, facts: Facts, now: datetime) -> Remembered:
        """Answer as `evaluate` does, and say for how long the answer may be given again.

        It may be given to facts that differ in dates of equal cells, with `for_facts`.
        """
        moment = self._calendar.at(now)
        sight = self._scenery.look(facts, now, moment.births)
        if not sight.concerned:  # that is found as fast as any memory
            plain = undisturbed(facts.presumed)
            return Remembered(plain, (), now, next_edge(facts, now))
        key = self._key(facts, moment)
        known = self._memo.get(key)
        if known is None or not known.start <= now < known.end:
            known = self._memo.put(key, self._decide(sight, now, moment))
        return known

    def moment(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the stretch of time around `now` in which equal ages keep equal cells."""
        moment = self._calendar.at(now)
        return moment.start, moment.end

    def age_cell(self, age: Age | None, now: datetime) -> AgeCell:
        """Return what the rules can tell of `age` at `now`; a cell means the same at any time."""
        return self._scenery.bases.ages.cell(age, self._calendar.at(now).births)

    def creation_cell(self, created: datetime | None) -> int | None:
        """Return what the rules can tell of an account's creation."""
        return self._scenery.bases.creations.cell(created)

    def masks(self, facts: Facts, now: datetime) -> Masks:
        """Return the three answers of every rule in force, whatever its modality."""
        moment = self._calendar.at(now)
        scene = self._scenery.see(self._scenery.look(facts, now, moment.births), now)
        total = self._weigh(scene, moment).total
        return Masks(self._ids(total.certain), self._ids(total.held), self._ids(total.possible))

    def _ids(self, rules: int) -> frozenset[str]:
        return frozenset(self._table.rules[number].id for number in numbers_in(rules))

    def _weigh(self, scene: Scene, moment: Moment) -> Weighing:
        """Return how firmly every rule in force meets the scene."""
        in_force = InForce(moment.in_force, moment.in_force, moment.preferences)
        return weigh(self._table, scene.sightings, in_force)

    def _decide(self, sight: Sight, now: datetime, moment: Moment) -> Remembered:
        """Work the answer out."""
        scene = self._scenery.see(sight, now)
        validity = self._horizon.of(scene, moment)
        weighing = self._weigh(scene, moment)
        decision = self._answering.answer(scene, weighing, moment, validity.until)
        return Remembered(decision, validity.birthdays, now, validity.kept_until)

    def _key(self, facts: Facts, moment: Moment) -> Hashable:
        """Return what the answer depends on; ages and creation by what rules can tell of them."""
        ties = facts.ties
        origins: frozenset[Hashable] = frozenset([(t.factor, t.place, t.source) for t in ties])
        if len(origins) != len(ties):
            origins = frozenset([(t, t.source) for t in ties])
        return (
            facts.action,
            facts.product,
            facts.device,
            facts.purposes,
            facts.items,
            facts.labels,
            facts.labels_absent,
            facts.labels_open,
            self._scenery.bases.ages.cell(facts.age, moment.births),
            self._scenery.bases.creations.cell(facts.account_created),
            ties,
            origins,
        )
