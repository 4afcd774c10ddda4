"""Where the tile of each country stands: one cell a country, roughly as they lie to each other.

A grid of equal tiles draws no borders, so it says nothing of whose a territory is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_EMPTY: Final = ".."
# ISO 3166-1 codes of the members of the United Nations, and of places with a code of their own
# for which there are rules, or which a reader would look for.
_GRID: Final = """\
.. .. .. .. .. .. .. .. GL .. .. .. .. IS .. .. NO SE FI
.. .. .. CA .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. EE .. .. RU
.. .. .. US .. .. .. .. .. .. .. .. .. .. IE GB .. DK .. LV
.. .. MX .. .. CU BS .. .. .. .. .. .. .. .. .. NL DE PL LT BY
.. .. GT BZ .. JM HT DO PR KN AG .. .. .. .. BE LU CZ SK .. UA
.. .. SV HN .. .. .. .. .. DM LC .. .. .. .. FR CH AT HU RO MD
.. .. .. NI .. .. .. .. .. VC BB .. .. .. AD MC LI SI HR RS BG .. .. .. KZ .. .. .. MN .. KP
.. .. .. CR PA .. .. .. .. GD TT .. .. PT ES .. IT SM BA XK MK .. GE .. UZ KG .. .. CN .. KR JP
.. .. .. .. .. CO VE GY SR .. .. .. .. .. .. .. VA .. ME AL GR TR AM AZ TM TJ .. .. .. HK TW
.. .. .. .. .. EC .. BR .. .. .. .. .. .. .. .. .. MT .. .. CY LB SY IQ IR AF PK NP BT MO
.. .. .. .. .. PE BO PY .. .. .. .. .. .. MA DZ TN LY EG .. PS IL JO KW BH .. IN BD MM LA VN
.. .. .. .. .. CL AR UY .. .. .. .. .. EH MR ML NE TD SD ER DJ .. SA QA AE .. LK .. TH KH .. PH
.. .. .. .. .. .. .. .. .. .. .. CV SN GM BF BJ NG CF SS ET SO .. YE OM .. .. MV .. MY .. BN .. PW FM MH
.. .. .. .. .. .. .. .. .. .. .. .. GW GN CI GH TG CM UG KE .. .. .. .. .. .. .. .. SG ID TL PG SB NR KI
.. .. .. .. .. .. .. .. .. .. .. .. SL LR .. ST GQ CG RW TZ .. SC .. .. .. .. .. .. .. .. AU .. VU TV WS
.. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. GA CD BI MW KM .. .. .. .. .. .. .. .. .. .. .. NC FJ TO
.. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. AO ZM ZW MZ MG MU .. .. .. .. .. .. .. .. .. .. NZ
.. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. NA BW SZ
.. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. ZA LS
"""  # noqa: E501 - a cell a column

TILES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        code: (row, column)
        for row, line in enumerate(_GRID.splitlines())
        for column, code in enumerate(line.split())
        if code != _EMPTY
    }
)
"""Code -> row and column of its tile, from 0."""

ROWS: Final = 1 + max(row for row, _ in TILES.values())
COLUMNS: Final = 1 + max(column for _, column in TILES.values())
