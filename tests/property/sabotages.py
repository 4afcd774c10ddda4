"""Ways to break the engine, each of which the property tests must notice.

A sabotage is a change to the source of a copy of the engine; the engine itself is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from property.engine_copies import Edit


@dataclass(frozen=True)
class Sabotage:
    """A way to break the engine.

    Attributes:
        mistake: what the engine then does wrong, in one sentence.
        edits: the changes that break it.
    """

    mistake: str
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
            smeared = _both(base.now, conjoin(self._table.planes.listed, list(met.values())))
            sightings = [Sighting(sighting.tie, smeared) for sighting in sightings]
        return Scene("""
ANY = """

from comity.policy.engine.columns import conjoin


def _any(masks):
    found = 0
    for mask in masks:
        found |= mask
    return found


def _both("""

SABOTAGES = (
    Sabotage(
        "Connections are read dimension by dimension: OR, then AND.",
        (
            Edit("scenes", "\n        return Scene(", DIMENSION_BY_DIMENSION),
            Edit("scenes", "\n\ndef _both(", ANY),
        ),
    ),
    Sabotage(
        "Exceptions are looked for on another connection.",
        (
            Edit(
                "weighing",
                "    by_tie = tuple(",
                "    OTHER[:] = [s for s in sightings if s.columns][-1:]\n    by_tie = tuple(",
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
        "Exceptions on the person are looked for on the first connection only.",
        (
            Edit(
                "weighing",
                "in sightings:\n        if not sighting.columns:",
                "in sightings[:1]:\n        if not sighting.columns:",
            ),
        ),
    ),
    Sabotage(
        "A connection at low trust is taken at its word.",
        (
            Edit(
                "ties",
                "        if tie.low_trust:\n",
                "        if tie.low_trust and not tie.place:\n",
            ),
        ),
    ),
    Sabotage(
        "A ghost makes rules certain.",
        (Edit("weighing", "    if sighting.tie.ghost:", "    if sighting.tie.place is None:"),),
    ),
    Sabotage(
        "A derogating rule is derogated in turn.",
        (
            Edit(
                "weighing",
                "        removed = table.derogated_by(numbers_in(alone & table.derogating))",
                "        special = alone & table.derogating\n"
                "        special &= ~table.derogated_by(numbers_in(special))\n"
                "        removed = table.derogated_by(numbers_in(special))",
            ),
        ),
    ),
    Sabotage(
        "A doubtful derogation removes a held rule.",
        (
            Edit(
                "weighing",
                "        held &= ~removed\n        possible &= ~removed\n    clashing",
                "        held &= ~table.derogated_by(numbers_in(special_possibly))\n"
                "        possible &= ~removed\n    clashing",
            ),
        ),
    ),
    Sabotage(
        "An interval still holds at its end.",
        (
            Edit(
                "moments",
                "        passed = bisect_right(self.instants, now)",
                "        passed = bisect_right(self.instants, now - datetime.resolution)",
            ),
        ),
    ),
    Sabotage(
        "Schedules are ignored.",
        (Edit("moments", "timeline.state_at(now) is not None", "True"),),
    ),
    Sabotage(
        "Members of groups are members at any time.",
        (Edit("places", "            if any(span.holds(now) for span in spans)\n", ""),),
    ),
    Sabotage(
        "A part of a country is in doubt for every rule.",
        (Edit("places", " & self._table.part_unknown", ""),),
    ),
    Sabotage(
        "Kinds of products of one law apply to all laws.",
        (Edit("products", "index.naming(match.met) & rules", "index.naming(match.met)"),),
    ),
    Sabotage(
        "The laxer of two quotas stands.",
        (
            Edit(
                "answering",
                "from comity.domain.effect import ALLOWED, Outcome, join_all\n",
                QUOTA_BY_MAXIMUM,
            ),
        ),
    ),
    Sabotage(
        "The mildest answer to missing facts counts.",
        (Edit("answering", "strictest = max(", "strictest = min("),),
    ),
    Sabotage(
        "An open set with a member known is taken as closed.",
        (
            Edit(
                "kinds",
                "        if members.open:\n",
                "        if members.open and not members.yes:\n",
            ),
        ),
    ),
    Sabotage(
        "Birthdays come a day late.",
        (
            Edit(
                "ages",
                "bisect_left(self.days, born)",
                "bisect_left(self.days, born + timedelta(1))",
            ),
        ),
    ),
    Sabotage(
        "The end of an answer forgets rules that are yet to come into force.",
        (
            Edit(
                "validity",
                "self._calendar.first_change(concerned, moment)",
                "self._calendar.first_change(concerned & moment.in_force, moment)",
            ),
        ),
    ),
    Sabotage(
        "The end of an answer forgets the ends of labels and connections.",
        (Edit("validity", "until=min(flips + until + expiries", "until=min(flips + expiries"),),
    ),
    Sabotage(
        "Answers are remembered past their end.",
        (
            Edit(
                "",
                "known is None or not known.start <= now < known.end",
                "known is None or now < known.start",
            ),
        ),
    ),
    Sabotage(
        "Equal facts get the origins of somebody else's connections.",
        (Edit("", "            ties,\n            origins,\n", "            ties,\n"),),
    ),
    Sabotage(
        "The end of an answer forgets rules that derogate while they are derogated.",
        (
            Edit(
                "validity",
                "        return total.possible | (total.alone_possibly & derogating)",
                "        return total.possible",
            ),
        ),
    ),
    Sabotage(
        "The end of a label is forgotten for the kinds below it.",
        (
            Edit(
                "kinds", "return self.above(value) | self.below(value)", "return self.above(value)"
            ),
        ),
    ),
    Sabotage(
        "A ruling on clashing duties removes nothing.",
        (
            Edit(
                "weighing",
                "alone_possibly & preferences.preferred\n    if",
                "alone_possibly & 0\n    if",
            ),
        ),
    ),
    Sabotage(
        "A ruling on clashing duties never expires.",
        (Edit("rulings", "if now < ruling.expires and ruling.prefer", "if ruling.prefer"),),
    ),
    Sabotage(
        "The unknown facts of derogating rules are not missed.",
        (
            Edit(
                "unknowns",
                "for special in (*self._derogators.get(number, ()), *over)",
                "for special in over",
            ),
        ),
    ),
    Sabotage(
        "A condition on the person that is in doubt is taken as met.",
        (
            Edit(
                "weighing",
                "        met |= certain\n        met_possibly |= possible\n",
                "        met |= possible\n        met_possibly |= possible\n",
            ),
        ),
    ),
    Sabotage(
        "A kind above others is taken for all that is below it.",
        (Edit("kinds", "return self._below.get(value, NOTHING)", "return NOTHING"),),
    ),
)
