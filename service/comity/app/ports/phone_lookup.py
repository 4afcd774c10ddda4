"""Port: from a phone number to the country whose numbering it belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from comity.domain.errors import ComityError

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


class MalformedPhoneNumberError(ComityError, ValueError):
    """The text is not a phone number in E.164 form; the message never repeats it."""

    def __init__(self) -> None:
        """Say what is expected instead."""
        super().__init__("must be an E.164 phone number: '+' and 7 to 15 digits, nothing else")


class NoCountryReason(StrEnum):
    """Why a well-formed number has no country."""

    NON_GEOGRAPHIC = "non_geographic"
    SERVICE_NUMBER = "service_number"
    SHARED = "shared"
    NOT_ASSIGNED = "not_assigned"


@dataclass(frozen=True, slots=True)
class PhoneFinding:
    """The country of a phone number; holds nothing of the number itself.

    Attributes:
        place: ISO 3166-1 alpha-2 code or XK (`SH-AC` and `SH-TA` for Ascension and Tristan da
            Cunha, which ISO codes as parts of SH); None if the number has no country.
        reason: why there is none; None if there is one.
        shared_with: other places whose subscribers may have such a number, sorted.
    """

    place: str | None
    reason: NoCountryReason | None = None
    shared_with: tuple[str, ...] = ()


class PhoneLookup(Protocol):
    """Finds the country of a phone number.

    The numbering plan decides, not the network, the roaming or the dispute: `+7` with a Kazakh
    prefix is KZ, any other assigned one RU (with it the numbers issued in Crimea and Abkhazia);
    `+1` goes by area code; `+383` is XK; `+44 7` goes by the number blocks of GB, GG, IM and JE.
    Where the blocks of a territory can't be told from those of the country whose code it uses
    (mobiles of NO and SJ, IT and VA, FI and AX, GP with BL and MF), the number is the country's
    and `shared_with` names the others. A code with one country names it even for a number that
    the known plan lacks, since plans change faster than tables.

    No country: `NON_GEOGRAPHIC`, a code of no country (`+888`, `+870`, `+883` …);
    `SERVICE_NUMBER`, a toll-free, premium or personal number valid across a shared code;
    `SHARED`, several territories and none is the code's own country, named in `shared_with`;
    `NOT_ASSIGNED`, no such code, or no territory of a shared code has the number.
    """

    def country_of(self, number: str) -> PhoneFinding:
        """Return the country of `number`; keeps and logs nothing of it.

        Args:
            number: E.164, `+` and 7 to 15 ASCII digits without separators.

        Raises:
            MalformedPhoneNumberError: another form; the message doesn't repeat it.
        """
        ...


def require_e164(number: str) -> None:
    """Refuse what is not a phone number in E.164 form.

    Raises:
        MalformedPhoneNumberError: it is not.
    """
    if _E164.fullmatch(number) is None:
        raise MalformedPhoneNumberError


class InMemoryPhoneLookup:
    """A `PhoneLookup` over number prefixes named at construction; the longest match wins."""

    def __init__(self, prefixes: Mapping[str, PhoneFinding]) -> None:
        """Keep `prefixes`: by the beginning of a number, such as `+380`, its finding."""
        self._prefixes = sorted(prefixes.items(), key=lambda entry: -len(entry[0]))

    def country_of(self, number: str) -> PhoneFinding:
        """Return the finding of the longest prefix of `number`."""
        require_e164(number)
        for prefix, finding in self._prefixes:
            if number.startswith(prefix):
                return finding
        return PhoneFinding(None, NoCountryReason.NOT_ASSIGNED)
