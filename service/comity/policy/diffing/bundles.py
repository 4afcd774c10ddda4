"""Bundles: everything that differs between two compiled revisions of the policy files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import pycountry

from comity.policy.bundle import Bundle
from comity.policy.diffing.comparison import MOST_TRIED, Comparison, compare_rulesets
from comity.policy.diffing.geography import all_clauses
from comity.policy.diffing.regions import Direction, Region
from comity.policy.diffing.routes import RouteComparison, compare_routes
from comity.policy.diffing.selections import Vocabulary
from comity.policy.diffing.wording import Sentences
from comity.policy.lexicon import Lexicon
from comity.policy.rules import Ruleset

RESTRICTIONS = "restrictions"
CONTENT = "content"


@dataclass(frozen=True)
class Difference:
    """What differs between two bundles.

    Attributes:
        old: digest of the old bundle.
        new: digest of the new one.
        within: place or group without a connection to which alone questions were asked; empty
            for all questions.
        sections: section of the files -> what differs in its answers.
        requests: what differs in the routes of requests for data.
        sentences: puts regions into sentences.
    """

    old: str
    new: str
    within: str
    sections: Mapping[str, Comparison]
    requests: RouteComparison
    sentences: Sentences = field(repr=False)

    @property
    def regions(self) -> list[tuple[str, Region]]:
        """All regions with their section."""
        return [(name, r) for name, found in self.sections.items() for r in found.regions]

    def count(self, direction: Direction) -> int:
        """Return in how many regions answers, or routes of requests, go one way."""
        answers = sum(region.direction is direction for _, region in self.regions)
        return answers + sum(r.turn.direction is direction for r in self.requests.regions)

    @property
    def untried(self) -> tuple[str, ...]:
        """What was not tried, in words; empty if what was not found is not there."""
        found = [what for comparison in self.sections.values() for what in comparison.untried]
        return tuple(dict.fromkeys([*found, *self.requests.untried]))

    @property
    def is_complete(self) -> bool:
        """Whether what was not found is not there."""
        return not self.untried

    @property
    def is_different(self) -> bool:
        """Whether answers or routes of requests differ."""
        return bool(self.regions or self.requests.regions)


def compare_bundles(
    old: Bundle, new: Bundle, within: str = "", *, exhaustive: bool = False
) -> Difference:
    """Return what differs between two bundles; if `exhaustive`, however long that takes.

    With `within`, a place or group, only questions without any connection to it are asked: that
    nothing is found proves that no other answer changes.
    """
    atlas = new.eligibility.atlas
    code = within if atlas.is_group(within) else atlas.canonical(within)
    most = None if exhaustive else MOST_TRIED
    return Difference(
        old=old.digest,
        new=new.digest,
        within=code,
        sections={
            RESTRICTIONS: compare_rulesets(old.eligibility, new.eligibility, code, most=most),
            CONTENT: compare_rulesets(old.content, new.content, code, most=most),
        },
        requests=compare_routes(old.requests, new.requests, code),
        sentences=_sentences(old, new),
    )


def _sentences(old: Bundle, new: Bundle) -> Sentences:
    """Return what puts regions of both bundles into sentences."""
    zones = {}
    for bundle in (old, new):
        for ruleset in (bundle.eligibility, bundle.content):
            for rule in ruleset.rules:
                text = bundle.jurisdictions.get(rule.jurisdiction)
                zones[rule.id] = text.timezone if text is not None else "UTC"
    texts = {**old.jurisdictions, **new.jurisdictions}
    names = {code: f"{text.name} ({code})" for code, text in texts.items() if code.isupper()}
    names |= {code: text.name for code, text in texts.items() if not code.isupper()}
    for code in {*_codes(old), *_codes(new)}:
        country = pycountry.countries.get(alpha_2=code)
        if country is not None:
            names.setdefault(code, f"{getattr(country, 'common_name', country.name)} ({code})")
    atlases = (old.eligibility.atlas, new.eligibility.atlas)
    words = Vocabulary(_lexicon(old, new), names, atlases)
    return Sentences(words, lambda rule_id: zones.get(rule_id, "UTC"))


def _codes(bundle: Bundle) -> Iterator[str]:
    """Yield the places that rules name, and the members of groups."""
    for ruleset in (bundle.eligibility, bundle.content):
        yield from _named(ruleset)
        for members in ruleset.atlas.groups.values():
            yield from members


def _named(ruleset: Ruleset) -> Iterator[str]:
    for rule in ruleset.rules:
        for clause in all_clauses(rule):
            for place in clause.places or ():
                yield place
                yield place.partition("-")[0]


def _lexicon(old: Bundle, new: Bundle) -> Lexicon:
    """Return the new vocabulary with what only the old one has."""
    before, after = old.eligibility.lexicon, new.eligibility.lexicon
    kinds = {
        dimension: {**before.kinds.get(dimension, {}), **after.kinds.get(dimension, {})}
        for dimension in {**before.kinds, **after.kinds}
    }
    return replace(after, kinds=kinds)
