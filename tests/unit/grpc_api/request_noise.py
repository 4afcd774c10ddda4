"""Random and mutated request bytes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

WORDS = (
    *("message_send", "call", "telegram", "messaging", "official", "personal", "work", "military"),
    *("presence", "works_for", "residence", "UA", "PL", "US-FL", "UA-43", "crimea", "EU", "FR"),
    *("watched", "ua_official_duty", "managed_device", "action", "product", "device", "label"),
    *("vpn", "low", "203.0.114.9", "2001:db8::1", "::ffff:10.0.0.1", "+380501234567", "+19"),
    *("1990-02-28", "1990-02-30", "9999-99-99", "uk-UA", "ua-2024-official-devices", "any-watched"),
    *("abababababababab.1", "", " ", "\x00", "\U0010ffff", "İ", "a" * 200, "%s%n{0}", "../..", "~"),
    *("court", "phone_number", "fr_court_order", "judge", "life", "clarification", "suspect"),
)
NUMBERS = (0, 1, 2, 3, 7, 99, 149, 151, 1990, 2199, 2**31 - 1, 2**32 - 1, 2**63 - 1, -1, -(2**63))
SECONDS = (0, 1, -1, 1_727_784_000, 4_102_444_800, -2_208_988_801, 7_258_118_400, 2**62, -(2**62))
PLAUSIBLE: dict[str, tuple[Any, ...]] = {
    "action": ("message_send", "message_read", "call", "account_delete"),
    "product": ("telegram", "messaging"),
    "device": ("official", "official_desktop", "personal"),
    "purposes": ("work", "private"),
    "item_classes": ("official_channel",),
    "factor": ("presence", "works_for", "residence", "nationality"),
    "factors": ("presence", "works_for"),
    "place": ("UA", "PL", "US-FL", "UA-43", "crimea", "FR", "CN"),
    "jurisdiction": ("UA", "FR", "crimea"),
    "populations": ("military", "government_official"),
    "populations_absent": ("military",),
    "source": ("hr_register", "caller"),
    "trust": ("vpn", "low", ""),
    "open_factors": ("works_for", "nationality"),
    "open_sets": ("population", "label"),
    "name": ("watched", "ua_official_duty"),
    "labels_absent": ("guardian_consent",),
    "dimension": ("label", "item", "works_for", "presence"),
    "indicators": ("managed_device",),
    "account_id": ("account-1",),
    "ip_address": ("203.0.114.9", "2001:db8::1", "::ffff:10.0.0.1"),
    "phone_number": ("+380501234567", "+15005550006"),
    "birth_date": ("1990-02-28", "2012-02-29", "1931-12-31"),
    "birth_year": (1990, 2012),
    "age_at_least": (0, 13, 18),
    "language": ("uk-UA", "en", ""),
    "reason": (1, 2, 3, 4),
    "view": (0, 1, 2, 3),
    "min_revision": (0, 1),
    "code": ("UA", "any", "UA-43", "NZ"),
    "rule_id": ("ua-2024-official-devices", "any-watched", "fr-calls"),
    "page_size": (0, 1, 50),
    "page_token": ("", "abababababababab.1"),
    "instrument": ("fr_court_order", "police_letter"),
    "kind": ("court", "police"),
    "issuing_state": ("FR", "UA"),
    "validated_by": ("court", ""),
    "category": ("phone_number", "content"),
    "categories": ("fraud", "drug_trafficking"),
    "lists": ("epoc",),
    "lacking": ("reasons",),
    "event": ("withdrawal",),
    "residence": ("FR", ""),
    "committed_in": ("FR", ""),
    "protected_callings": ("journalist",),
    "danger": ("life",),
    "ordered_by": ("court",),
    "profile": ("", "tg2024"),
    "maximum_penalty_months": (0, 60, 1200),
    "sentence_months": (0, 60),
    "authenticity": (0, 1, 2, 3),
    "role": (0, 1, 5),
    "seconds": (1_726_779_600, 1_727_784_000, 1_900_000_000),
    "nanos": (0, 1),
}
NEEDED = ("instrument", "authority", "kind", "issuing_state", "data", "category", "received_at")
PLAUSIBILITY = 0.97
DEEPEST = 6


def random_message(message: Message, chance: random.Random, depth: int = 0) -> Message:
    """Fill `message` with random values of the right types, most of them plausible."""
    density = chance.choice((0.1, 0.3, 0.8))
    needed = (
        "facts",
        "action",
        "product",
        "factor",
        "place",
        "name",
        "dimension",
        "reason",
        *NEEDED,
    )
    for field in message.DESCRIPTOR.fields:
        if chance.random() > density and field.name not in needed:
            continue
        if field.message_type is not None and depth >= DEEPEST:
            continue
        _fill(message, field, chance, depth)
    return message


def _fill(message: Message, field: FieldDescriptor, chance: random.Random, depth: int) -> None:
    """Set one field."""
    if field.is_repeated:
        entries = getattr(message, field.name)
        for _ in range(40 if chance.random() > PLAUSIBILITY else chance.choice((1, 1, 2, 3))):
            if field.message_type is not None:
                random_message(entries.add(), chance, depth + 2)
            else:
                entries.append(_scalar(field, chance))
    elif field.message_type is not None:
        value = getattr(message, field.name)
        value.SetInParent()
        if field.message_type.name == "Timestamp":
            wild = chance.random() > PLAUSIBILITY
            value.seconds = chance.choice(SECONDS if wild else PLAUSIBLE["seconds"])
            value.nanos = chance.choice((-1, 10**9) if wild else PLAUSIBLE["nanos"])
        else:
            random_message(value, chance, depth + 1)
    else:
        setattr(message, field.name, _scalar(field, chance))


def _scalar(field: FieldDescriptor, chance: random.Random) -> object:
    """Return a random value of the field's type."""
    if field.name in PLAUSIBLE and chance.random() < PLAUSIBILITY:
        return chance.choice(PLAUSIBLE[field.name])
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            return chance.choice(WORDS)
        case FieldDescriptor.TYPE_BOOL:
            return chance.random() < 0.5
        case FieldDescriptor.TYPE_UINT32:
            return chance.choice(NUMBERS) % 2**32
        case FieldDescriptor.TYPE_UINT64:
            return chance.choice((0, 0, 0, 7, 2**64 - 1))  # what is to come is waited for
        case FieldDescriptor.TYPE_ENUM:
            return chance.choice((0, 1, 2, 3, 4, 5, 17, 2**31 - 1, -1))
    raise TypeError(field.full_name)


def mutated(serialized: bytes, chance: random.Random) -> bytes:
    """Return `serialized` with a few random changes."""
    found = bytearray(serialized)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(found) + 1)
        match chance.randrange(6):
            case 0 if found:
                found[at % len(found)] ^= 1 << chance.randrange(8)
            case 1:
                del found[at:]
            case 2:
                found[at:at] = chance.randbytes(chance.randrange(1, 9))
            case 3:
                found[at:at] = found[max(0, at - 16) : at] * chance.choice((1, 3, 50))
            case 4:
                del found[at : at + chance.randrange(1, 9)]
            case _:
                found += chance.randbytes(chance.randrange(1, 4)) + bytes(found[:at])
    return bytes(found)


def noise(make: Callable[[], Message], chance: random.Random, count: int) -> Iterator[bytes]:
    """Yield `count` requests: random bytes, random messages, and mutations of them."""
    for _ in range(count):
        kind = chance.random()
        if kind < 0.1:
            yield chance.randbytes(chance.choice((0, 1, 2, 5, 20, 200)))
            continue
        serialized = random_message(make(), chance).SerializePartialToString()
        yield mutated(serialized, chance) if kind < 0.55 else serialized
