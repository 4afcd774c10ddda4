"""File `groups.yaml`: groups of states, bodies, areas, territories with codes of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import Field

from comity.policy.documents.base import Code, Document, Line, Many, OneOrMany
from comity.policy.documents.times import Interval
from comity.policy.scalars import Refused


class GroupValue(Document):
    """A group of places with dated membership.

    Attributes:
        members: place -> intervals of membership; empty for always.
        includes: groups whose members belong to this one as well.
        without: places and groups that do not, whatever the rest says.
    """

    members: Mapping[Code, Many[Interval]] = {}
    includes: OneOrMany[Code] = ()
    without: OneOrMany[Code] = ()

    def faults(self) -> Iterable[Refused]:
        """Return that the group has no members."""
        if not self.members and not self.includes:
            yield Refused("CP205", "The group has neither `members` nor `includes`.")


class BodyValue(Document):
    """A body that is no place: a parliament, a municipality, a university.

    Attributes:
        name: what it is called.
    """

    name: Line


class AreaValue(Document):
    """An area that ISO 3166 has no code for, or more than one.

    Attributes:
        name: a neutral name.
        codes: codes that stand for the area.
        part_of: the subdivision or country that it is a part of.
        rules_of: states whose rules meet it.
    """

    name: Line
    codes: OneOrMany[Code] = ()
    part_of: Code | None = None
    rules_of: Many[Code] = ()

    def faults(self) -> Iterable[Refused]:
        """Return that codes and `part_of` are both given, or neither."""
        if self.codes and self.part_of is not None:
            yield Refused("CP208", "'codes' and 'part_of' exclude each other.", key="part_of")
        if not self.codes and self.part_of is None:
            yield Refused("CP201", "'codes' or 'part_of' is missing.")


class OwnCodeValue(Document):
    """A territory that has a two-letter code of its own.

    Attributes:
        of: the state that it belongs to; that state's rules meet it only if they list it.
    """

    of: Code


class GroupsFile(Document):
    """The geography beyond ISO 3166.

    Attributes:
        groups: name -> group.
        bodies: name -> body.
        areas: name -> area.
        own_codes: alpha-2 code -> territory.
    """

    groups: Mapping[Code, GroupValue] = {}
    bodies: Mapping[Code, BodyValue] = {}
    areas: Mapping[Code, AreaValue] = {}
    own_codes: Mapping[Code, OwnCodeValue] = Field(default={})
