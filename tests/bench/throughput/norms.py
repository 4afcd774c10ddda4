"""Rules and questions that every engine under measurement is given in its own form.

A rule denies some actions in one app to people tied to one place, perhaps to some of them only, on
one kind of device, under some age, or save for official channels. `denied` says what a rule set
answers, as plainly as can be; every engine's answers are held against it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

FACTORS = ("works_for", "nationality", "store_country")
POPULATIONS = (
    "minister",
    "civil_servant",
    "regional_employee",
    "parliament_staff",
    "municipal_employee",
    "bank_staff",
    "contractor",
    "university_member",
)
PRODUCTS = ("telegram", "whatsapp", "signal", "viber", "facebook", "instagram", "x", "vk")
ACTIONS = ("message_send", "message_read", "call", "channel_read", "channel_post", "search")
DEVICES = ("official_mobile", "official_desktop", "personal_private", "personal_enrolled")
EXCEPTED_ITEM = "official_channel"


@dataclass(frozen=True, slots=True)
class Norm:
    """A rule.

    Attributes:
        number: its position among all.
        place: ISO code of the country, or of a part of one, that people must be tied to.
        factor: what must tie them to it.
        populations: of which they must be one there; empty for anybody.
        product: the app.
        actions: what it denies.
        device: the only device that it is about; empty for any.
        below_age: the age from which it no longer applies; 0 for any age.
        excepts_official: whether official channels are left alone.
    """

    number: int
    place: str
    factor: str
    populations: tuple[str, ...]
    product: str
    actions: tuple[str, ...]
    device: str
    below_age: int
    excepts_official: bool


@dataclass(frozen=True, slots=True)
class Tie:
    """What ties a person to a place.

    Attributes:
        factor: by what.
        place: ISO code of the country.
        population: what the person is there; empty for nothing in particular.
    """

    factor: str
    place: str
    population: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a person.

    Attributes:
        account: whose account it is.
        address: from which IP address.
        born: when.
        product: the app.
        action: what the person wants to do.
        device: on what.
        official: whether it is about an official channel.
        ties: what ties the person to places.
    """

    account: str
    address: str
    born: date
    product: str
    action: str
    device: str
    official: bool
    ties: tuple[Tie, ...]

    @property
    def facts(self) -> tuple[object, ...]:
        """All but who it is."""
        return (self.product, self.action, self.device, self.official, self.ties)

    def age(self, today: date) -> int:
        """Return the completed years of age."""
        return today.year - self.born.year - ((today.month, today.day) < _day_of(self.born))


def _day_of(born: date) -> tuple[int, int]:
    """Return month and day."""
    return born.month, born.day


def today() -> date:
    """Return today's date, as everybody here means it."""
    return datetime.now(UTC).date()


def meets(norm: Norm, asked: Asked, at: date) -> bool:
    """Return whether a rule denies what is asked."""
    tied = any(
        tie.factor == norm.factor
        and norm.place in (tie.place, tie.place[:2])
        and (not norm.populations or tie.population in norm.populations)
        for tie in asked.ties
    )
    return (
        tied
        and asked.product == norm.product
        and asked.action in norm.actions
        and norm.device in ("", asked.device)
        and (not norm.below_age or asked.age(at) < norm.below_age)
        and not (norm.excepts_official and asked.official)
    )


class Law:
    """A rule set, asked in the plainest way."""

    def __init__(self, norms: Sequence[Norm]) -> None:
        """Answer by `norms`."""
        self._today = today()
        self._about: dict[tuple[str, str], list[Norm]] = defaultdict(list)
        for norm in norms:
            for action in norm.actions:
                self._about[norm.product, action].append(norm)

    def denied(self, asked: Asked) -> bool:
        """Return whether any rule denies what is asked."""
        about = self._about.get((asked.product, asked.action), ())
        return any(meets(norm, asked, self._today) for norm in about)
