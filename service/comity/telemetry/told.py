"""What a span says of one decision: what equal facts have in common, and what is its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from opentelemetry.util.types import AttributeValue

from comity.domain.request import Provenance
from comity.journal import AttributeKey, encode_attributes
from comity.telemetry.attributes import PROVENANCES_KEPT, provenance_attributes
from comity.telemetry.descriptions import Description

_KEYS_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class Told:
    """What a span says of a decision, besides what it says of its call.

    Attributes:
        description: what is said of every decision with equal facts.
        varying: attributes of the one decision.
        provenance: the database behind a look-up; None if none was made.
    """

    description: Description
    varying: Mapping[str, AttributeValue]
    provenance: Provenance | None = None

    @property
    def attributes(self) -> Mapping[str, AttributeValue]:
        """All attributes."""
        found = provenance_attributes(self.provenance)
        return {**self.description.attributes, **self.varying, **found}

    def encode_varying(self) -> bytes:
        """Return the attributes that are not of the description, as fields of an OTLP span."""
        fields = [_key(name).encode(value) for name, value in self.varying.items()]
        fields.append(encoded_provenance(self.provenance))
        return b"".join(fields)


@lru_cache(maxsize=_KEYS_KEPT)
def _key(name: str) -> AttributeKey:
    """Return what encodes attributes called `name`."""
    return AttributeKey(name)


@lru_cache(maxsize=PROVENANCES_KEPT)
def encoded_provenance(provenance: Provenance | None) -> bytes:
    """Return the attributes of the database behind a look-up as fields of an OTLP span."""
    return encode_attributes(provenance_attributes(provenance))
