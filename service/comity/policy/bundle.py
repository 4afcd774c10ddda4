"""A bundle: everything compiled from one set of policy files, immutable, swapped as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from comity.policy.routing.law import RequestLaw
from comity.policy.rules import Ruleset


@dataclass(frozen=True, slots=True)
class JurisdictionText:
    """What people read of a jurisdiction's file.

    Attributes:
        code: canonical code or name.
        name: English name.
        timezone: IANA zone of the file.
        rule_ids: rules of the file, in its order.
    """

    code: str
    name: str
    timezone: str
    rule_ids: tuple[str, ...]


@dataclass(frozen=True)
class Bundle:
    """One compiled revision of the policy files.

    Attributes:
        digest: SHA-256 of the canonical bytes, 64 hexadecimal digits.
        tzdata_version: version of the time zone data that instants were resolved with.
        files: policy files by path relative to the policy directory.
        eligibility: rules of the `restrictions` sections.
        content: rules of the `content` sections.
        requests: the law of authorities' requests for data.
        jurisdictions: code -> texts, sorted by code.
    """

    digest: str
    tzdata_version: str
    files: Mapping[str, bytes]
    eligibility: Ruleset
    content: Ruleset
    requests: RequestLaw
    jurisdictions: Mapping[str, JurisdictionText] = field(default_factory=dict)
