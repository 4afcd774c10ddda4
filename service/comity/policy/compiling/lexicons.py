"""From the vocabulary to the lexicon that evaluators read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from comity.policy.atlas import ALWAYS, Atlas
from comity.policy.compiling.moments import FileClock
from comity.policy.compiling.names import Geography
from comity.policy.compiling.reporting import FileReport, each
from comity.policy.documents.loading import Documents, Read
from comity.policy.documents.vocabulary import DatedKindValue, Term, VocabularyFile
from comity.policy.lexicon import DatedKind, FactorTerm, Lexicon, Presumption
from comity.policy.problems import Problem

# Block of the vocabulary -> dimension of the lexicon.
DIMENSIONS: Final[Mapping[str, str]] = {
    "actions": "action",
    "products": "product",
    "devices": "device",
    "purposes": "purpose",
    "items": "item",
    "populations": "population",
    "labels": "label",
    "instruments": "instrument",
    "authorities": "authority",
    "offences": "offence",
    "offence_lists": "offence_list",
    "data_categories": "data_category",
    "report_categories": "report_category",
}
# List of the vocabulary -> dimension of the lexicon.
LISTS: Final[Mapping[str, str]] = {
    "needs": "need",
    "steps": "step",
    "grounds": "ground",
    "codes": "code",
    "events": "event",
    "tasks": "task",
}
# What a method may settle, besides the connecting factors.
SETTLED: Final = frozenset(
    {
        "action",
        "product",
        "device",
        "purpose",
        "item",
        "label",
        "age",
        "account_created",
        "population",
        "place",
        "trust",
        "connected_by",
    }
)
_SINGLE_VALUED: Final = ("device",)
_SETS: Final = ("population", "label", "item", "purpose")


def compile_lexicon(
    read: Read[VocabularyFile],
    documents: Documents,
    geography: Geography,
    atlas: Atlas,
    problems: list[Problem],
) -> Lexicon:
    """Return the lexicon of the vocabulary; what is wrong with it goes to `problems`."""
    report = FileReport(read.tree, problems)
    vocabulary = read.document
    _check_kinds(vocabulary, report)
    _check_features(vocabulary, report)
    _check_labels(vocabulary, geography, report)
    _check_lists(vocabulary, documents, report)
    _check_methods(vocabulary, report)
    _check_presumptions(vocabulary, report)
    return Lexicon(
        kinds=_kinds(vocabulary),
        product_kinds=_product_kinds(vocabulary, geography, atlas, report),
        presumed={str(name): value for name, value in vocabulary.presume.items()},
        factors={
            name: FactorTerm(Presumption(term.presume), term.derived_from)
            for name, term in vocabulary.connecting_factors.items()
        },
        low_trust=_classes_of("low", vocabulary),
        ordinary_trust=_classes_of("ordinary", vocabulary),
        indicators={n: frozenset(term.opens) for n, term in vocabulary.indicators.items()},
        never_deny=frozenset(n for n, term in vocabulary.actions.items() if term.never_deny),
        feature_actions={n: frozenset(t.actions) for n, t in vocabulary.features.items()},
        settled_by={
            n: term.satisfied_by for n, term in vocabulary.methods.items() if term.satisfied_by
        },
        sensitive=_sensitive(vocabulary),
        notices={n: term.text for n, term in vocabulary.notices.items()},
    )


def _kinds(vocabulary: VocabularyFile) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return, by dimension, every value with the kinds directly above it."""
    blocks = {
        dimension: {name: term.kind_of for name, term in getattr(vocabulary, block).items()}
        for block, dimension in DIMENSIONS.items()
    }
    lists: dict[str, dict[str, tuple[str, ...]]] = {
        dimension: dict.fromkeys(getattr(vocabulary, block), ())
        for block, dimension in LISTS.items()
    }
    return blocks | lists


def _sensitive(vocabulary: VocabularyFile) -> frozenset[tuple[str, str]]:
    """Return the values that are marked sensitive, with their dimensions."""
    return frozenset(
        (dimension, name)
        for block, dimension in DIMENSIONS.items()
        for name, term in getattr(vocabulary, block).items()
        if term.sensitive
    )


def _classes_of(trust: str, vocabulary: VocabularyFile) -> frozenset[str]:
    """Return the classes of connections that have this trust."""
    return frozenset(n for n, given in vocabulary.connection_trust.items() if given == trust)


def _check_kinds(vocabulary: VocabularyFile, report: FileReport) -> None:
    """Report kinds that do not exist, and names that are a kind of themselves."""
    for block in DIMENSIONS:
        terms: Mapping[str, Term] = getattr(vocabulary, block)
        for name, term in terms.items():
            for loc, kind in each((block, name), "kind_of", term.kind_of):
                if kind not in terms:
                    report.say_unknown("CP401", loc, kind, f"name of {block}", terms)
            if _is_above(name, terms):
                message = f"'{name}' is a kind of itself."
                report.say("CP420", (block, name, "kind_of"), message)


def _is_above(name: str, terms: Mapping[str, Term]) -> bool:
    """Return whether `name` is reached from itself by `kind_of`."""
    todo, seen = list(terms[name].kind_of), set[str]()
    while todo:
        kind = todo.pop()
        if kind == name:
            return True
        if kind not in seen and kind in terms:
            seen.add(kind)
            todo.extend(terms[kind].kind_of)
    return False


def _product_kinds(
    vocabulary: VocabularyFile, geography: Geography, atlas: Atlas, report: FileReport
) -> Mapping[str, tuple[DatedKind, ...]]:
    """Return the dated kinds of each product."""
    clock = FileClock(None, report)
    compiled: dict[str, tuple[DatedKind, ...]] = {}
    for name, term in vocabulary.products.items():
        kinds = []
        for index, value in enumerate(term.kinds):
            loc = ("products", name, "kinds", index)
            kind = value if isinstance(value, str) else value.kind
            if kind not in vocabulary.products:
                report.say_unknown("CP401", loc, kind, "name of products", vocabulary.products)
            if isinstance(value, str):
                kinds.append(DatedKind(value))
            else:
                kinds.append(_dated_kind(value, loc, clock, geography, atlas))
        if kinds:
            compiled[name] = tuple(kinds)
    return compiled


def _dated_kind(
    value: DatedKindValue,
    loc: tuple[str | int, ...],
    clock: FileClock,
    geography: Geography,
    atlas: Atlas,
) -> DatedKind:
    """Return a kind that is limited to some rules or some time."""
    zone = None
    if value.whose is not None:
        geography.check(clock.report, (*loc, "in"), value.whose)
        # Without a file there are no rules that see it so, and nothing depends on the zone.
        zone = geography.zones.get(value.whose, "UTC")
    whose = "" if value.whose is None else atlas.canonical(value.whose)
    dated = FileClock(zone, clock.report)
    span = dated.span_between(value.start, value.until, loc)
    return DatedKind(value.kind, whose, span or ALWAYS)


def _check_features(vocabulary: VocabularyFile, report: FileReport) -> None:
    """Report features whose actions do not exist."""
    for name, feature in vocabulary.features.items():
        for loc, action in each(("features", name), "actions", feature.actions):
            if action not in vocabulary.actions:
                report.say_unknown("CP401", loc, action, "name of actions", vocabulary.actions)


def _check_labels(vocabulary: VocabularyFile, geography: Geography, report: FileReport) -> None:
    """Report labels that are granted by nobody known."""
    for name, label in vocabulary.labels.items():
        for loc, code in each(("labels", name), "granted_by", label.granted_by):
            if code != "any":
                geography.check(report, loc, code)


def _check_lists(vocabulary: VocabularyFile, documents: Documents, report: FileReport) -> None:
    """Report classes whose list does not exist."""
    known = {read.document.list for read in documents.lists}
    for block in ("items", "offence_lists"):
        for name, term in getattr(vocabulary, block).items():
            if term.list is not None and term.list not in known:
                loc = (block, name, "list")
                report.say_unknown("CP419", loc, term.list, "list of lists/", known)


def _check_methods(vocabulary: VocabularyFile, report: FileReport) -> None:
    """Report methods that settle nothing known, or whose label does not exist."""
    known = SETTLED | vocabulary.connecting_factors.keys()
    for name, method in vocabulary.methods.items():
        for loc, fact in each(("methods", name), "settles", method.settles):
            if fact not in known:
                report.say_unknown("CP401", loc, fact, "fact that can be settled", known)
        label = method.satisfied_by
        if label is not None and label not in vocabulary.labels:
            loc = ("methods", name, "satisfied_by")
            report.say_unknown("CP401", loc, label, "name of labels", vocabulary.labels)


def _check_presumptions(vocabulary: VocabularyFile, report: FileReport) -> None:
    """Report presumptions that a dimension can't have."""
    for dimension, value in vocabulary.presume.items():
        known = {"unknown"}
        if dimension in _SETS:
            known.add("none")
        if dimension in _SINGLE_VALUED:
            known.update(vocabulary.devices)
        if value not in known:
            loc = ("presume", dimension)
            report.say_unknown("CP427", loc, value, f"presumption of {dimension}", known)
