"""From `groups.yaml` and ISO 3166 to the atlas that evaluators read."""

from __future__ import annotations

from collections.abc import Mapping

from comity.policy.atlas import ALWAYS, Atlas
from comity.policy.compiling.groups import GroupDefinition, resolve_groups
from comity.policy.compiling.moments import FileClock
from comity.policy.compiling.names import Geography
from comity.policy.compiling.reporting import FileReport, each
from comity.policy.compiling.territories import subdivision_parents, territory_aliases
from comity.policy.documents.geography import GroupsFile
from comity.policy.documents.loading import Read
from comity.policy.problems import Problem
from comity.policy.yaml_nodes import Loc


def compile_atlas(read: Read[GroupsFile], geography: Geography, problems: list[Problem]) -> Atlas:
    """Return the atlas; what is wrong with the file goes to `problems`."""
    report = FileReport(read.tree, problems)
    _check_areas(read.document, geography, report)
    _check_own_codes(read.document, geography, report)
    _check_circles(read.document, report)
    aliases = _aliases(read.document)
    return Atlas(
        aliases=aliases,
        parents=_parents(read.document),
        groups=resolve_groups(_definitions(read.document, geography, aliases, report)),
    )


def _aliases(file: GroupsFile) -> Mapping[str, str]:
    """Return other code -> canonical code."""
    areas = {code: name for name, area in file.areas.items() for code in area.codes}
    return {**territory_aliases(), **areas}


def _parents(file: GroupsFile) -> Mapping[str, tuple[str, ...]]:
    """Return place -> the places it lies in, where that does not follow from its code.

    An area lies in every state whose rules meet it; in the subdivision that it is a part of only
    if that subdivision's state is one of these.
    """
    areas = {}
    for name, area in file.areas.items():
        parents = list(area.rules_of)
        if area.part_of is not None and area.part_of.partition("-")[0] in area.rules_of:
            parents = [p for p in parents if p != area.part_of.partition("-")[0]]
            parents.append(area.part_of)
        areas[name] = tuple(parents)
    bodies: Mapping[str, tuple[str, ...]] = dict.fromkeys(file.bodies, ())
    return {**subdivision_parents(), **bodies, **areas}


def _definitions(
    file: GroupsFile, geography: Geography, aliases: Mapping[str, str], report: FileReport
) -> Mapping[str, GroupDefinition]:
    """Return the groups with canonical members."""
    clock = FileClock(None, report)
    definitions = {}
    for name, group in file.groups.items():
        loc: Loc = ("groups", name)
        members = {}
        for code, intervals in group.members.items():
            place = (*loc, "members", code)
            geography.check_place(report, place, code, of_key=True)
            members[aliases.get(code, code)] = clock.spans_of(intervals, place) or (ALWAYS,)
        for place, included in each(loc, "includes", group.includes):
            geography.check_group(report, place, included)
        for place, excluded in each(loc, "without", group.without):
            geography.check(report, place, excluded)
        without = tuple(aliases.get(code, code) for code in group.without)
        definitions[name] = GroupDefinition(members, group.includes, without)
    return definitions


def _check_areas(file: GroupsFile, geography: Geography, report: FileReport) -> None:
    """Report areas that lie nowhere, and codes that stand for two areas."""
    owners: dict[str, str] = {}
    for name, area in file.areas.items():
        loc: Loc = ("areas", name)
        if area.part_of is not None:
            geography.check_place(report, (*loc, "part_of"), area.part_of)
        for place, state in each(loc, "rules_of", area.rules_of):
            geography.check_place(report, place, state)
        for place, code in each(loc, "codes", area.codes):
            owner = owners.setdefault(code, name)
            if owner != name:
                message = f"'{code}' already stands for the area {owner}."
                report.say("CP405", place, message)


def _check_own_codes(file: GroupsFile, geography: Geography, report: FileReport) -> None:
    """Report territories and states that are unknown."""
    for code, territory in file.own_codes.items():
        geography.check_place(report, ("own_codes", code), code, of_key=True)
        geography.check_place(report, ("own_codes", code, "of"), territory.of)


def _check_circles(file: GroupsFile, report: FileReport) -> None:
    """Report groups that include or exclude themselves."""
    for name in file.groups:
        todo, seen = [name], set[str]()
        while todo:
            group = file.groups.get(todo.pop())
            if group is None:
                continue
            for inner in (*group.includes, *group.without):
                if inner == name:
                    message = f"The group {name} contains itself."
                    report.say("CP403", ("groups", name), message, of_key=True)
                    seen.update(file.groups)
                    todo.clear()
                    break
                if inner not in seen:
                    seen.add(inner)
                    todo.append(inner)
