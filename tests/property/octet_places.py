"""A look-up of addresses in the places of generated policies, exchanged while in use."""

from __future__ import annotations

from typing import Final

from comity.app.ports.place_lookup import InMemoryPlaceLookup, PlaceFinding, PlaceFlag

_NETWORKS: Final[tuple[dict[str, tuple[str | None, frozenset[PlaceFlag]]], ...]] = (
    {
        "8.0.0.0/9": ("AA", frozenset()),
        "8.128.0.0/9": ("AA-1", frozenset()),
        "9.9.9.0/24": ("BB", frozenset({PlaceFlag.VPN})),
        "11.0.0.0/8": (None, frozenset({PlaceFlag.UNREADABLE})),
        "2a00::/16": ("CC", frozenset()),
    },
    {
        "8.0.0.0/8": ("BB", frozenset()),
        "9.9.9.0/25": ("AA", frozenset()),
        "11.0.0.0/8": ("disputed", frozenset({PlaceFlag.DISPUTED})),
        "2a00::/17": ("ZZ", frozenset({PlaceFlag.HOSTING})),
    },
)


class ChangingPlaces:
    """A `PlaceLookup` whose networks are exchanged; equal findings are one object until then."""

    def __init__(self) -> None:
        """Begin with the first networks."""
        self._number = 0
        self.exchange()

    def exchange(self) -> None:
        """Take up the other networks, and forget all findings."""
        self._lookup = InMemoryPlaceLookup(_NETWORKS[self._number % len(_NETWORKS)])
        self._alike: dict[PlaceFinding, PlaceFinding] = {}
        self._number += 1

    def locate(self, ip: str | bytes) -> PlaceFinding:
        """Return what the networks say."""
        finding = self._lookup.locate(ip)
        return self._alike.setdefault(finding, finding)
