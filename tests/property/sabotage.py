"""Ways to break the engine, each of which the property tests must notice.

`PYTHONPATH=tests python -m property.sabotage` prints after how many examples each one is caught.
A sabotage is a change to the source of a copy of the engine; the engine itself is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from property.choices import RandomChoices
from property.engine_copies import Edit, sabotaged
from property.properties import check_agreement


@dataclass(frozen=True)
class Sabotage:
    """A way to break the engine.

    Attributes:
        name: what is broken.
        edits: the changes that break it.
    """

    name: str
    edits: tuple[Edit, ...]


QUOTA_BY_MAXIMUM = """from comity.domain.effect import ALLOWED, DENIED, Outcome, Restrict

def join_all(outcomes):
    listed = list(outcomes)
    if any(outcome.denied for outcome in listed):
        return DENIED
    joined = {}
    for obligation in (o for outcome in listed for o in outcome.obligations):
        quota = isinstance(obligation, Restrict) and obligation.quota
        key = (obligation.feature, obligation.per) if quota else obligation
        joined[key] = max(obligation, joined.get(key, obligation)) if quota else obligation
    return Outcome(obligations=frozenset(joined.values()))
"""
DIMENSION_BY_DIMENSION = """
        if ties:
            met = {
                dimension: tuple(
                    None
                    if columns[0] is None
                    else (_any(c[0] for c in columns), _any(c[1] for c in columns))
                    for columns in zip(*(tie.parts[dimension] for tie in ties))
                )
                for dimension in ties[0].parts
            }
            smeared = _both(base, conjoin(self._planes, list(met.values())))
            sightings = [Sighting(sighting.tie, smeared) for sighting in sightings]
        plain ="""
ANY = """

def _any(masks):
    found = 0
    for mask in masks:
        found |= mask
    return found


def _both("""

SABOTAGES = (
    Sabotage(
        "connections read dimension by dimension: OR, then AND",
        (
            Edit("scenes", "\n        plain =", DIMENSION_BY_DIMENSION),
            Edit("scenes", "\n\ndef _both(", ANY),
        ),
    ),
    Sabotage(
        "exceptions looked for on another connection",
        (
            Edit(
                "weighing",
                "    by_tie = tuple(",
                "    OTHER[:] = sightings[-1:]\n    by_tie = tuple(",
            ),
            Edit(
                "weighing",
                "disjoin(table.planes.exceptions, sighting.columns)",
                "disjoin(table.planes.exceptions, OTHER[0].columns)",
            ),
            Edit("weighing", "\ndef disjoin(", "\nOTHER = []\n\n\ndef disjoin("),
        ),
    ),
    Sabotage(
        "exceptions on the person looked for on the first connection only",
        (
            Edit(
                "weighing",
                "in sightings:\n        certain, possible = disjoin(planes.person_e",
                "in sightings[:1]:\n        certain, possible = disjoin(planes.person_e",
            ),
        ),
    ),
    Sabotage(
        "low trust taken at its word",
        (
            Edit(
                "ties",
                "        if tie.low_trust:\n",
                "        if tie.low_trust and not tie.place:\n",
            ),
        ),
    ),
    Sabotage(
        "a ghost makes rules certain",
        (Edit("weighing", "    if sighting.tie.ghost:", "    if sighting.tie.place is None:"),),
    ),
    Sabotage(
        "a derogating rule is derogated in turn",
        (
            Edit(
                "weighing",
                "        removed = table.derogated_by(numbers_in(special))",
                "        special &= ~table.derogated_by(numbers_in(special))\n"
                "        removed = table.derogated_by(numbers_in(special))",
            ),
        ),
    ),
    Sabotage(
        "a doubtful derogation removes a held rule",
        (Edit("weighing", "        held &= ~removed\n", "        held &= ~removed_possibly\n"),),
    ),
    Sabotage(
        "an interval holds at its end",
        (
            Edit(
                "moments",
                "        passed = bisect_right(self.instants, now)",
                "        passed = bisect_right(self.instants, now - datetime.resolution)",
            ),
        ),
    ),
    Sabotage(
        "schedules ignored",
        (Edit("moments", "timeline.state_at(now) is not None", "True"),),
    ),
    Sabotage(
        "membership of groups taken without dates",
        (Edit("places", "            if any(span.holds(now) for span in spans)\n", ""),),
    ),
    Sabotage(
        "parts of a country in doubt for every rule",
        (Edit("places", " & self._table.part_unknown", ""),),
    ),
    Sabotage(
        "kinds of products of one law applied to all",
        (Edit("products", "index.naming(match.met) & rules", "index.naming(match.met)"),),
    ),
    Sabotage(
        "quotas joined by maximum",
        (
            Edit(
                "answering",
                "from comity.domain.effect import ALLOWED, Outcome, join_all\n",
                QUOTA_BY_MAXIMUM,
            ),
        ),
    ),
    Sabotage(
        "the mildest answer to missing facts counts",
        (Edit("answering", "strictest = max(", "strictest = min("),),
    ),
    Sabotage(
        "open sets taken as closed",
        (
            Edit(
                "kinds",
                "        if members.open:\n",
                "        if members.open and not members.yes:\n",
            ),
        ),
    ),
    Sabotage(
        "birthdays a day late",
        (
            Edit(
                "ages",
                "bisect_left(self.days, born)",
                "bisect_left(self.days, born + timedelta(1))",
            ),
        ),
    ),
    Sabotage(
        "the end of an answer forgets rules that are yet to come into force",
        (
            Edit(
                "validity",
                "self._calendar.first_change(concerned, moment)",
                "self._calendar.first_change(concerned & moment.in_force, moment)",
            ),
        ),
    ),
    Sabotage(
        "the end of an answer forgets the ends of labels and connections",
        (Edit("validity", "until=min(flips + until + expiries", "until=min(flips + expiries"),),
    ),
    Sabotage(
        "answers remembered past their end",
        (
            Edit(
                "",
                "known is None or not known.start <= now < known.end",
                "known is None or now < known.start",
            ),
        ),
    ),
)


def examples_until_caught(sabotage: Sabotage, most: int) -> int | None:
    """Return how many examples it takes to notice a sabotage; None if more than `most`."""
    with sabotaged(sabotage.edits) as compile_rules:
        for seed in range(most):
            try:
                check_agreement(RandomChoices(seed), compile_rules)
            except AssertionError:
                return seed + 1
    return None


def main() -> int:
    """Print after how many examples each sabotage is caught; fail if one is not."""
    missed = 0
    for sabotage in SABOTAGES:
        caught = examples_until_caught(sabotage, 20_000)
        missed += caught is None
        print(f"{caught or 'NOT CAUGHT':>10}  {sabotage.name}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
