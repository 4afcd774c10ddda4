"""The jurisdictions of policy files as a map of tiles, a self-contained SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final
from xml.sax.saxutils import escape

from comity.cli.map_drawing import Drawing, Tile
from comity.cli.world_tiles import TILES
from comity.domain.effect import ALLOWED, Effect, Outcome
from comity.policy.atlas import Atlas
from comity.policy.bundle import Bundle, JurisdictionText
from comity.policy.rules import Clause, Modality, Rule
from comity.policy.scenarios.wording import word_outcome

PLATFORM: Final = "any"
# What ties the public to a place; the other factors tie staff, and users of a network.
_PUBLIC: Final = frozenset({"presence", "residence", "phone_country", "nationality"})


@dataclass(frozen=True)
class Status:
    """What the rules of one jurisdiction do about a product at an instant.

    Attributes:
        code: code of the jurisdiction.
        name: its English name.
        public: rules that meet the public there, strictest first, with what they do.
        some: rules that meet some people, devices or uses only, likewise.
    """

    code: str
    name: str
    public: tuple[tuple[str, Outcome], ...] = ()
    some: tuple[tuple[str, Outcome], ...] = ()

    @cached_property
    def effect(self) -> Effect:
        """The strictest effect of any of the rules."""
        outcomes = (outcome for _, outcome in (*self.public, *self.some))
        return max((outcome.effect for outcome in outcomes), default=Effect.ALLOW)

    @property
    def is_public(self) -> bool:
        """Whether the strictest effect meets the public."""
        return any(outcome.effect is self.effect for _, outcome in self.public)

    def __str__(self) -> str:
        """Return what holds, in words."""
        told = [f"{self.name} ({self.code})"]
        for heading, rules in (("everybody", self.public), ("some people or uses", self.some)):
            if rules:
                listed = "; ".join(f"{word_outcome(o)} ({rule_id})" for rule_id, o in rules)
                told.append(f"{heading}: {listed}")
        if len(told) == 1:
            told.append("no rule in force")
        return ". ".join(told)


def map_of(bundle: Bundle, product: str, now: datetime, name: str) -> str:
    """Return a map of what the rules of each jurisdiction do about `product` at `now`.

    `name` is what people call the product.
    """
    statuses = [
        status_of(text, bundle, product, now)
        for text in bundle.jurisdictions.values()
        if text.code != PLATFORM
    ]
    drawing = Drawing(
        title=escape(f"What the law of each place does about {name}"),
        subtitle=escape(f"Strictest effect in force at {now.isoformat(timespec='minutes')}"),
        description=escape(_description(statuses, name)),
        world=tuple(_world(statuses)),
        panels=tuple(_panels(statuses, bundle.eligibility.atlas)),
    )
    return drawing.to_svg()


def status_of(text: JurisdictionText, bundle: Bundle, product: str, now: datetime) -> Status:
    """Return what the rules of one jurisdiction do about `product` at `now`."""
    public: dict[str, Outcome] = {}
    some: dict[str, Outcome] = {}
    for rule_id in text.rule_ids:
        rule = bundle.eligibility.by_id.get(rule_id)
        state = rule.timeline.state_at(now) if rule is not None else None
        if rule is None or state is None or state == ALLOWED:
            continue
        clauses = [c for c in rule.body if _concerns(c, rule, bundle, product, now)]
        if rule.modality is Modality.FORBID and clauses:
            told = public if any(_is_public(clause, rule) for clause in clauses) else some
            written = rule.id.partition("#")[0]
            told[written] = told.get(written, ALLOWED).join(state)
    return Status(text.code, text.name, _strictest_first(public), _strictest_first(some))


def _strictest_first(rules: Mapping[str, Outcome]) -> tuple[tuple[str, Outcome], ...]:
    """Return the rules, those first that do most."""
    return tuple(sorted(rules.items(), key=lambda item: (-item[1].effect, item[0])))


def _concerns(clause: Clause, rule: Rule, bundle: Bundle, product: str, now: datetime) -> bool:
    """Return whether a clause meets the product somewhere in the rule's own jurisdiction."""
    kinds = bundle.eligibility.lexicon.product_above(product, rule.jurisdiction, now)
    if clause.products is not None and not kinds & clause.products:
        return False
    if clause.not_products is not None and kinds & clause.not_products:
        return False
    if clause.places is None:
        return True
    atlas = bundle.eligibility.atlas
    own = (
        atlas.members(rule.jurisdiction, now)
        if atlas.is_group(rule.jurisdiction)
        else frozenset({rule.jurisdiction})
    )
    return any(atlas.lies_in(place) & own for place in atlas.expand(clause.places, now))


def _is_public(clause: Clause, rule: Rule) -> bool:
    """Return whether a clause meets the public of a place, whatever they are and use."""
    particular = (
        clause.populations,
        clause.devices,
        clause.labels,
        clause.items,
        clause.purposes,
        clause.age,
        clause.created,
    )
    public = clause.factors is None or bool(clause.factors & _PUBLIC)
    bound = clause.low_trust or rule.person_conditions
    return public and not bound and all(named is None for named in particular)


def _world(statuses: Iterable[Status]) -> Iterator[tuple[tuple[int, int], Tile]]:
    """Yield the tile of each country with its row and column."""
    by_code = {status.code: status for status in statuses}
    for code, place in TILES.items():
        status = by_code.get(code)
        yield place, tile_of(status) if status is not None else Tile(code, "")


def tile_of(status: Status) -> Tile:
    """Return how a jurisdiction is drawn."""
    return Tile(status.code, escape(str(status)), status.effect, public=status.is_public)


def _panels(
    statuses: Sequence[Status], atlas: Atlas
) -> Iterator[tuple[str, tuple[tuple[Tile, str], ...]]]:
    """Yield the tiles of what is no country of the map, under headings, each with its name."""
    others = [status for status in statuses if status.code not in TILES]
    parts = [s for s in others if "-" in s.code or atlas.lies_in(s.code) - {s.code}]
    groups = [s for s in others if atlas.is_group(s.code)]
    rest = [s for s in others if s not in parts and s not in groups]
    for heading, listed in (
        ("Unions", groups),
        ("Parts of countries", parts),
        ("Bodies and other places", rest),
    ):
        if listed:
            yield heading, tuple((tile_of(status), escape(status.name)) for status in listed)


def _description(statuses: Sequence[Status], name: str) -> str:
    """Return the map in one sentence an effect, for those who can't see it."""
    told = [f"Jurisdictions by the strictest effect on {name}."]
    for effect in sorted(Effect, reverse=True):
        codes = [status.code for status in statuses if status.effect is effect]
        if codes:
            named = "no rule in force" if effect is Effect.ALLOW else effect.name.lower()
            told.append(f"{named.capitalize()}: {', '.join(codes)}.")
    return " ".join(told)
