"""The names that rules on requests may use, and the place of a file that uses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from comity.policy.compiling.names import Geography
from comity.policy.compiling.reporting import FileReport, each
from comity.policy.documents.desks import DesksFile
from comity.policy.documents.geography import GroupsFile
from comity.policy.documents.vocabulary import VocabularyFile
from comity.policy.routing import marks
from comity.policy.yaml_nodes import Loc

# Kind of name -> code of the problem that it is unknown, and what a message calls it.
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "instrument": ("CP501", "instrument of the vocabulary"),
    "authority": ("CP502", "authority of the vocabulary"),
    "desk": ("CP504", "desk of desks.yaml"),
    "step": ("CP505", "step of the vocabulary"),
    "task": ("CP506", "task of the vocabulary"),
    "code": ("CP507", "code of the vocabulary"),
    "category": ("CP510", "data category of the vocabulary"),
    "offence": ("CP511", "offence of the vocabulary"),
    "offence_list": ("CP511", "offence list of the vocabulary"),
    "situation": ("CP512", "situation"),
    "purpose": ("CP512", "purpose"),
    "request_mark": ("CP512", "mark of a request"),
    "person_mark": ("CP512", "mark of a person"),
    "penalty": ("CP512", "penalty"),
    "link": ("CP512", "link"),
    "event": ("CP513", "event of the vocabulary"),
    "need": ("CP514", "need of the vocabulary"),
    "ground": ("CP515", "ground of the vocabulary"),
}


@dataclass(frozen=True)
class Names:
    """Every name that a rule on requests may use.

    Attributes:
        vocabulary: the vocabulary.
        desks: desks and holidays.
        groups: groups, bodies and areas.
    """

    vocabulary: VocabularyFile
    desks: DesksFile
    groups: GroupsFile

    @cached_property
    def geography(self) -> Geography:
        """The codes of places."""
        return Geography(self.groups, {})

    @cached_property
    def known(self) -> Mapping[str, frozenset[str]]:
        """Kind of name -> the names."""
        words = self.vocabulary
        return {
            "instrument": frozenset(words.instruments),
            "authority": frozenset(words.authorities),
            "desk": frozenset(self.desks.desks),
            "step": frozenset(words.steps),
            "task": frozenset(words.tasks),
            "code": frozenset(words.codes),
            "category": frozenset(words.data_categories),
            "offence": frozenset(words.offences),
            "offence_list": frozenset(words.offence_lists),
            "situation": marks.SITUATIONS,
            "purpose": marks.PURPOSES,
            "request_mark": marks.REQUEST_MARKS,
            "person_mark": marks.CALLINGS
            | marks.ROLES
            | {marks.CHILD}
            | frozenset(words.populations),
            "penalty": frozenset({marks.DEATH}),
            "link": frozenset({marks.NO_LINK}),
            "event": frozenset(words.events),
            "need": frozenset(words.needs),
            "ground": frozenset(words.grounds),
        }

    def classes(self, systems: Iterable[str]) -> frozenset[str]:
        """Return the class words of `systems` of law."""
        return frozenset(
            category.class_in(system)  # type: ignore[arg-type]
            for category in self.vocabulary.data_categories.values()
            for system in systems
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A mapping of a file, whose names are held against those known.

    Attributes:
        loc: where it stands.
        report: where problems go.
        names: what is known.
    """

    loc: Loc
    report: FileReport
    names: Names

    def within(self, *parts: str | int) -> Place:
        """Return what stands deeper, at `parts`."""
        return Place((*self.loc, *parts), self.report, self.names)

    def check(self, key: str, values: str | Sequence[str] | None, kind: str) -> None:
        """Report each of `values` under `key` that is no name of `kind`."""
        code, what = KINDS[kind]
        listed = (values,) if isinstance(values, str) else (values or ())
        for loc, value in each(self.loc, key, listed):
            if value not in self.names.known[kind]:
                self.report.say_unknown(code, loc, value, what, self.names.known[kind])

    def check_classes(self, key: str, values: Sequence[str], systems: Sequence[str]) -> None:
        """Report each class word that none of `systems` has."""
        known = self.names.classes(systems)
        what = f"class word of {' or '.join(systems)} for any data category"
        for loc, value in each(self.loc, key, values):
            if value not in known:
                self.report.say_unknown("CP503", loc, value, what, known)

    def check_states(self, key: str, values: Sequence[str]) -> None:
        """Report each code that stands for no place or group."""
        for loc, value in each(self.loc, key, values):
            self.names.geography.check(self.report, loc, value)
