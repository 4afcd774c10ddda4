"""The codes and names of places that policy files may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from types import MappingProxyType

import pycountry

from comity.policy.compiling.reporting import FileReport
from comity.policy.compiling.territories import countries, territory_aliases
from comity.policy.documents.geography import GroupsFile
from comity.policy.yaml_nodes import Loc

_GROUP_NAMES: Mapping[str, str] = {"EU": "European Union", "EEA": "European Economic Area"}


@cache
def subdivisions() -> Mapping[str, str]:
    """Return code -> name of ISO 3166-2. Source: ISO 3166-2, as packaged by pycountry."""
    return MappingProxyType({s.code: str(s.name) for s in pycountry.subdivisions})


@dataclass(frozen=True)
class Geography:
    """Every code that stands for a place, a group, a body or an area.

    Attributes:
        file: the groups, bodies and areas.
        zones: code of a policy file -> time zone of that file.
    """

    file: GroupsFile
    zones: Mapping[str, str]

    @cached_property
    def places(self) -> frozenset[str]:
        """The codes that stand for a place or a body."""
        area_codes = {code for area in self.file.areas.values() for code in area.codes}
        named = {*self.file.bodies, *self.file.areas, *area_codes}
        return frozenset(named) | countries() | subdivisions().keys() | territory_aliases().keys()

    @cached_property
    def known(self) -> frozenset[str]:
        """All codes, those of groups included."""
        return self.places | self.file.groups.keys()

    def check(self, report: FileReport, loc: Loc, code: str, *, of_key: bool = False) -> bool:
        """Return whether `code` is known; report it if not."""
        if code in self.known:
            return True
        what = "code of ISO 3166, group, body or area"
        report.say_unknown("CP402", loc, code, what, self._near(code), of_key=of_key)
        return False

    def check_place(self, report: FileReport, loc: Loc, code: str, *, of_key: bool = False) -> bool:
        """Return whether `code` is known and no group; report it if not."""
        if code in self.file.groups:
            message = f"'{code}' is a group; a place, body or area must stand here."
            report.say("CP404", loc, message, of_key=of_key)
            return False
        return self.check(report, loc, code, of_key=of_key)

    def check_group(self, report: FileReport, loc: Loc, code: str) -> bool:
        """Return whether `code` is a group; report it if not."""
        if code in self.file.groups:
            return True
        report.say_unknown("CP404", loc, code, "group", self.file.groups)
        return False

    def name_of(self, code: str) -> str:
        """Return what people call `code`, in English."""
        if code in self.file.bodies:
            return self.file.bodies[code].name
        if code in self.file.areas:
            return self.file.areas[code].name
        country = pycountry.countries.get(alpha_2=code)
        if country is not None:
            return str(getattr(country, "common_name", country.name))
        if code in subdivisions():
            return subdivisions()[code]
        return _GROUP_NAMES.get(code, "Kosovo" if code == "XK" else code.replace("_", " "))

    def _near(self, code: str) -> frozenset[str]:
        """Return the codes worth comparing `code` with: subdivisions of its own country only."""
        country, dash, _ = code.partition("-")
        if dash and country in countries():
            return frozenset(known for known in self.known if known.startswith(f"{country}-"))
        return frozenset(known for known in self.known if "-" not in known)
