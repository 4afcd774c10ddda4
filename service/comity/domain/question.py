"""A question as asked, before presumptions: who is already reduced to discrete facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from comity.domain.facts import Age, Label, UnknownReason


@dataclass(frozen=True, slots=True)
class Connection:
    """A connecting factor as the caller or a look-up states it.

    Attributes:
        factor: the connecting factor, such as `presence` or `works_for`.
        place: ISO 3166-1 alpha-2, ISO 3166-2, or the name of a body or area; never a group.
        populations: the person's populations there.
        populations_absent: populations known not to be the person's there.
        source: where it comes from (`caller`, `geoip`, `phone`, `directory`).
        trust: a class of `connection_trust` in the vocabulary (`vpn`, `hosting` ...), `low`,
            or empty for ordinary trust.
        since: first instant at which it holds; None if always so far.
        until: first instant at which it no longer does; None if open-ended.
    """

    factor: str
    place: str
    populations: frozenset[str] = frozenset()
    populations_absent: frozenset[str] = frozenset()
    source: str = "caller"
    trust: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """May this account do this? The facts as given; nothing here identifies the person.

    Attributes:
        action: what the account wants to do; None only if listed in `unknown`.
        product: the app asked about; None only if listed in `unknown`.
        device: device class; None if not given.
        purposes: what it is done for.
        items: classes of the object concerned.
        connections: connecting factors given or looked up.
        open_factors: factors of which there may be more connections than given.
        open_sets: set-valued dimensions (`population`, `label`, `item`, `purpose`) that may have
            members not named.
        labels: labels held.
        labels_absent: labels known not to be held.
        unknown: dimension or factor -> why it is not known.
        indicators: signs that open a factor, such as `managed_device`.
        age: what is known of the age.
        account_created: when the account was created.
    """

    action: str | None
    product: str | None
    device: str | None = None
    purposes: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    connections: tuple[Connection, ...] = ()
    open_factors: frozenset[str] = frozenset()
    open_sets: frozenset[str] = frozenset()
    labels: frozenset[Label] = frozenset()
    labels_absent: frozenset[str] = frozenset()
    unknown: Mapping[str, UnknownReason] = field(default_factory=dict)
    indicators: frozenset[str] = frozenset()
    age: Age | None = None
    account_created: datetime | None = None

    def with_more(
        self,
        connections: Iterable[Connection],
        open_factors: Iterable[str] = (),
        unknown: Mapping[str, UnknownReason] | None = None,
        age: Age | None = None,
        account_created: datetime | None = None,
    ) -> Question:
        """Return the question with further connections, open factors and unknown facts.

        Of what is stated already to be unknown, the reason stays. An `age` takes the place of the
        one that is stated; `account_created` does not.
        """
        # Spelt out, since `replace` takes several times as long.
        return Question(
            action=self.action,
            product=self.product,
            device=self.device,
            purposes=self.purposes,
            items=self.items,
            connections=(*self.connections, *connections),
            open_factors=self.open_factors.union(open_factors),
            open_sets=self.open_sets,
            labels=self.labels,
            labels_absent=self.labels_absent,
            unknown={**unknown, **self.unknown} if unknown else self.unknown,
            indicators=self.indicators,
            age=self.age if age is None else age,
            account_created=self.account_created or account_created,
        )
