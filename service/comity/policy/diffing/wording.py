"""Differences in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from comity.domain.facts import Members
from comity.domain.question import Connection
from comity.policy.diffing.answers import Answer
from comity.policy.diffing.companies import NEUTRAL
from comity.policy.diffing.localities import Localities
from comity.policy.diffing.regions import Direction, Period, Region
from comity.policy.diffing.selections import (
    Vocabulary,
    is_unknown,
    word_ages,
    word_creations,
    word_list,
    word_members,
    word_name,
    word_values,
)
from comity.policy.diffing.sights import LEVELS
from comity.policy.scenarios.wording import word_outcome

FACTORS: Final[Mapping[str, str]] = {
    "presence": "is in",
    "phone_country": "has a phone number of",
    "residence": "lives in",
    "nationality": "is a national of",
    "works_for": "works for",
    "store_country": "has an app store account of",
    "network": "is on the network of",
}
UNKNOWN: Final[Mapping[str, str]] = {
    "population": "the population",
    "product": "the product",
    "action": "the action",
    "device": "the device",
    "item": "the class of the object",
    "purpose": "the purpose",
    "label": "which labels are held",
    "age": "the age",
    "created": "when the account was created",
}
LIMIT: Final = ", unless another rule already decides so"
WIDENED: Final = tuple(dimension for dimension in LEVELS if dimension not in ("factor", "trust"))
TICK: Final = timedelta(microseconds=1)
DIRECTIONS: Final = {
    Direction.STRICTER: "stricter",
    Direction.LOOSER: "looser",
    Direction.OTHER: "neither stricter nor looser",
    Direction.UNKNOWN: "unknown",
}


@dataclass(frozen=True, slots=True)
class Sentences:
    """Puts regions into sentences.

    Attributes:
        words: names of places, groups and kinds.
        zone_of: rule id -> time zone of its file.
    """

    words: Vocabulary
    zone_of: Callable[[str], str]

    def sentence(self, region: Region) -> str:
        """Return when, for whom and what, from which answer to which, and by which rule."""
        zone = self.zone_of(region.rule_ids[0])
        when = "; ".join(word_period(period, zone) for period in region.periods)
        what = self.what(region)
        pause = "," if what.endswith(LIMIT) else ""
        rules = "Rule" if len(region.rule_ids) == 1 else "Rules"
        return (
            f"{when}, {self.who(region)}: {what}{pause} {word_shift(region)}. "
            f"{rules} {word_list(region.rule_ids, 'and')}."
        )

    def who(self, region: Region) -> str:
        """Return the people whose answers differ."""
        parts = [self._connection(region), *self._person(region), *self._company(region)]
        doubts = self._doubts(region)
        where = f", {' and '.join(doubts)} not being known" if doubts else ""
        return ", ".join(filter(None, parts)) + where

    def what(self, region: Region) -> str:
        """Return what they do."""
        action, product, device = (
            word_values(name, region.widened(name)[0], region.scopes[name], self.words)
            for name in ("action", "product", "device")
        )
        item, purpose = (
            self._members(region, name, forms)
            for name, forms in (
                ("item", ("if the object is", "unless the object is")),
                ("purpose", ("for", "not for")),
            )
        )
        parts = [action or "every action", f"on {product or 'every product'}"]
        parts += [f"with a device {device}"] if device else []
        told = " ".join((*parts, *filter(None, (item, purpose))))
        limited = any(region.widened(dimension)[1] for dimension in WIDENED)
        return f"{told}{LIMIT}" if limited else told

    def _members(self, region: Region, dimension: str, forms: tuple[str, str]) -> str:
        """Return the sets of a dimension in words."""
        values, scope = region.widened(dimension)[0], region.scopes[dimension]
        if is_unknown(values, scope.everything):
            return ""
        return word_members(dimension, values, scope, self.words, forms)

    def _connection(self, region: Region) -> str:
        """Return the connection by which people are concerned."""
        factors = region.box.of("factor")
        if None in factors:
            return "for everybody"
        known = {f for f in region.scopes["factor"].everything if f is not None}
        if factors >= known:
            by = "is connected with"
        else:
            by = word_list(
                FACTORS.get(str(f), word_name(str(f))) for f in sorted(map(str, factors))
            )
        places = region.box.of("place")
        if places == {""}:
            return f"for whoever perhaps {by} a place that is not known"
        told = f"for whoever {by} {self._places(region)}"
        population = self._members(region, "population", ("as", "not as"))
        classes = sorted(str(trust) for trust in region.box.of("trust") if trust)
        trust = "" if "" in region.box.of("trust") or not classes else _word_trust(classes)
        return " ".join(filter(None, (told, population))) + trust

    def _places(self, region: Region) -> str:
        """Return the places of the connection."""
        instants = [region.witness.at]
        for period in region.periods:
            instants += [period.start] if period.start is not None else []
            instants += [period.end - TICK] if period.end is not None else []
        words = self.words
        localities = Localities(words.atlases, words.places, region.stand_ins, instants)
        return localities.word(region.widened("place")[0], region.scopes["place"])

    def _person(self, region: Region) -> Iterator[str]:
        """Yield what else is to be said of the person."""
        ages, creations = (region.widened(name)[0] for name in ("age", "created"))
        zone = self.zone_of(region.rule_ids[0])
        yield word_ages(ages, region.scopes["age"].everything)
        yield self._members(region, "label", ("with the label", "without the label"))
        yield word_creations(
            creations, region.scopes["created"].everything, lambda i: word_instant(i, zone)
        )

    def _company(self, region: Region) -> Iterator[str]:
        """Yield the person's other connections."""
        company = region.box.company
        if region.excepting and company == NEUTRAL:
            yield "without another connection that is excepted"
        for connection in company.connections:
            yield f"who also {self._also(connection)}"
        for factor in sorted(company.opened | company.omitted):
            yield f"where it is open whether somebody {FACTORS.get(factor, factor)} another place"

    def _also(self, connection: Connection) -> str:
        by = FACTORS.get(connection.factor, word_name(connection.factor))
        place = self.words.places.get(connection.place, word_name(connection.place))
        populations = word_list(map(word_name, sorted(connection.populations)))
        told = f"{by} {place} as {populations}" if populations else f"{by} {place}"
        return f"{told} by a connection of low trust" if connection.trust else told

    def _doubts(self, region: Region) -> list[str]:
        """Return the facts that are not known."""
        if region.known:
            return []
        return [told for dimension, told in UNKNOWN.items() if self._is_doubtful(region, dimension)]

    def _is_doubtful(self, region: Region, dimension: str) -> bool:
        values = region.box.of(dimension)
        if values == {None} and dimension == "population":
            return False
        plain = {v for v in values if not (isinstance(v, Members) and v.open)}
        return is_unknown(plain, region.scopes[dimension].everything)


def _word_trust(classes: Sequence[str]) -> str:
    """Return how far the connection is to be trusted."""
    return f" by a connection of {word_list(map(word_name, classes))} trust"


def word_period(period: Period, zone: str) -> str:
    """Return from when until when."""
    start, end = period.start, period.end
    if start is None and end is None:
        told = "At all times"
    elif start is None and end is not None:
        told = f"Until {word_instant(end, zone)}"
    elif start is not None and end is None:
        told = f"From {word_instant(start, zone)} on"
    else:
        assert start is not None
        assert end is not None
        told = f"From {word_instant(start, zone)} until {word_instant(end, zone)}"
    return f"{told}, at hours that recur" if period.recurring else told


def word_instant(instant: datetime, zone: str) -> str:
    """Return an instant in `zone`; a midnight as its day."""
    local = instant.astimezone(ZoneInfo(zone))
    if local.time() == time(0):
        return f"{local.date().isoformat()} ({zone})"
    return f"{local.replace(tzinfo=None).isoformat(sep=' ')} ({zone})"


def word_answer(answer: Answer) -> str:
    """Return what an answer asks, and whether it is settled."""
    return word_outcome(answer.outcome) + ("" if answer.decided else " in doubt")


def word_shift(region: Region) -> str:
    """Return from which answer to which, and which way that is."""
    before, after = region.shift.before, region.shift.after
    if before == after:
        return f"stays {word_answer(before)}, but other facts are asked for (unknown)"
    way = DIRECTIONS[region.direction]
    return f"goes from {word_answer(before)} to {word_answer(after)} ({way})"
