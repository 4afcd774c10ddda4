"""What comes with a question and what goes with its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from comity.domain.facts import Age


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is asked about; reduced to discrete facts at once, never recorded.

    Attributes:
        account_id: the platform's identifier; empty if not given.
        ip_address: IPv4 or IPv6 text; empty if not given.
        phone_number: E.164 text; empty if not given.
        age: from a birth date, a birth year or an attestation; None if not given.
        account_created: when the account was created; None if not given.
    """

    account_id: str = field(default="", repr=False)
    ip_address: str = field(default="", repr=False)
    phone_number: str = field(default="", repr=False)
    age: Age | None = field(default=None, repr=False)
    account_created: datetime | None = field(default=None, repr=False)


class View(StrEnum):
    """How much of a decision its reader may see."""

    CALLER = "caller"
    USER = "user"
    LEGAL = "legal"


@dataclass(frozen=True, slots=True)
class Options:
    """How a question is to be answered.

    Attributes:
        as_of: another instant of today's law; None for now.
        as_known: the law as known at that instant; None for the bundle in force.
        view: how much the reply may show.
        language: BCP 47 tag of the user's language; empty for English.
        min_epoch: the least policy epoch that may answer; 0 for any.
        explain_missing: whether to work out what each missing or presumed fact would lead to.
    """

    as_of: datetime | None = None
    as_known: datetime | None = None
    view: View = View.CALLER
    language: str = ""
    min_epoch: int = 0
    explain_missing: bool = False

    @property
    def hypothetical(self) -> bool:
        """Whether the answer is about another instant or another state of knowledge."""
        return self.as_of is not None or self.as_known is not None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Attributes:
        identity: identity of the client certificate; None without one.
        loopback: whether the call came over the loopback interface or a local socket.
    """

    identity: str | None = None
    loopback: bool = False


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of the policy files.

    Attributes:
        epoch: monotone counter, from 1.
        digest: SHA-256 of the bundle, 64 hexadecimal digits.
    """

    epoch: int
    digest: str


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """Which data file something was read from.

    Attributes:
        database_type: the type that the database states of itself.
        built_at: when its maker built it.
        digest: SHA-256 of the database file.
    """

    database_type: str
    built_at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Which data a look-up rests on; never the address itself.

    Attributes:
        database_type: type of the GeoIP database.
        built_at: when it was built.
        digest: SHA-256 of the database file.
        network_prefix_length: bits of the network found; None if none was.
        flags: what else is known of the address (`vpn`, `hosting` ...), sorted.
        anonymous: the database of anonymous addresses that was asked too; None if there is none.
    """

    database_type: str
    built_at: datetime
    digest: str
    network_prefix_length: int | None
    flags: tuple[str, ...] = ()
    anonymous: DatabaseIdentity | None = None
