"""All mutants of a set of policy files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from comity.policy.bundle import Bundle
from comity.policy.documents.jurisdictions import JurisdictionFile, PlatformFile
from comity.policy.documents.loading import Documents, Read
from comity.policy.mutating.clauses import mutate_clauses
from comity.policy.mutating.mutants import Mutant, Site
from comity.policy.mutating.times import mutate_times
from comity.policy.rules import Rule, Undecided
from comity.policy.timeline import Timeline

NEVER = Timeline((), (None,))


def mutants_of(bundle: Bundle, documents: Documents) -> Iterator[Mutant]:
    """Yield the mutants of the restrictions and content rules of `documents`, in their order.

    A rule that is never in force bears on no answer, whatever else it says: it has no mutants.
    """
    for site in _sites(bundle, documents):
        yield from mutate_times(site)
        yield from mutate_clauses(site)
        yield from _mutate_derogations(site)
        yield from _mutate_reactions(site)
        yield from _leave_members_out(site)


def _sites(bundle: Bundle, documents: Documents) -> Iterator[Site]:
    """Yield every rule of the files that is ever in force."""
    compiled: dict[str, list[Rule]] = {}
    for rule in (*bundle.eligibility.rules, *bundle.content.rules):
        if any(state is not None for state in rule.timeline.states):
            compiled.setdefault(rule.id.partition("#")[0], []).append(rule)
    reads: list[Read[JurisdictionFile] | Read[PlatformFile]] = [*documents.jurisdictions]
    if documents.platform is not None:
        reads.append(documents.platform)
    for read in sorted(reads, key=lambda read: read.file):
        for loc, norm in read.document.norms():
            rules = tuple(compiled.get(norm.id, ()))
            if rules:
                yield Site(
                    file=read.file,
                    tree=read.tree,
                    loc=loc,
                    norm=norm,
                    rules=rules,
                    zone=read.document.timezone,
                    lexicon=bundle.eligibility.lexicon,
                    atlas=bundle.eligibility.atlas,
                )


def _mutate_derogations(site: Site) -> Iterator[Mutant]:
    """Yield each rule that is derogated left out."""
    for number, general in enumerate(site.norm.derogates):

        def altered(rule: Rule, written: str = general) -> Rule:
            rest = tuple(i for i in rule.derogates if i.partition("#")[0] != written)
            return replace(rule, derogates=rest)

        words = f"{general} is not derogated."
        yield from site.change(words, ("derogates", number), altered)


def _mutate_reactions(site: Site) -> Iterator[Mutant]:
    """Yield each answer to an unknown fact changed: what asks asks nothing, else as if matched."""
    for fact in site.norm.when_unknown or {}:

        def altered(rule: Rule, fact: str = fact) -> Rule:
            lenient = rule.when_unknown[fact] is Undecided.AS_UNMATCHED
            other = Undecided.AS_MATCHED if lenient else Undecided.AS_UNMATCHED
            return replace(rule, when_unknown={**rule.when_unknown, fact: other})

        lenient = site.rules[0].when_unknown[fact] is Undecided.AS_UNMATCHED
        way = "as if matched" if lenient else "as if not matched"
        yield from site.change(f"{fact} unknown counts {way}.", ("when_unknown", fact), altered)


def _leave_members_out(site: Site) -> Iterator[Mutant]:
    """Yield each member of a rule with `per_member` without its rule."""
    if site.norm.per_member is None:
        return
    for rule in site.rules:
        member = site.alone(rule)
        place = ("per_member", rule.id.partition("#")[2])
        yield from member.change(
            f"{rule.id} left out.", place, lambda r: replace(r, timeline=NEVER)
        )
