"""What the contract says of each field of a request, in one table that the server enforces.

The sentences of the contract's comments and this table say the same; a test holds them together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Final

EARLIEST_SECOND: Final = -2_208_988_800
"""1900-01-01T00:00:00Z: the earliest second of a timestamp in a request, since the Unix epoch."""

LATEST_SECOND: Final = 7_258_118_399
"""2199-12-31T23:59:59Z: the latest second of a timestamp in a request, since the Unix epoch."""


@dataclass(frozen=True)
class FieldLimit:
    """What one field may hold; None and False for what is not limited.

    Attributes:
        required: whether the field must be set and not empty.
        most_characters: Unicode code points, of each value if the field is repeated.
        most_entries: entries of a repeated field.
        pattern: regular expression that the whole value matches, of each value if repeated.
        least: least value of a number.
        most: greatest value of a number.
    """

    required: bool = False
    most_characters: int | None = None
    most_entries: int | None = None
    pattern: str | None = None
    least: int | None = None
    most: int | None = None

    @cached_property
    def compiled_pattern(self) -> re.Pattern[str] | None:
        """The pattern, compiled."""
        return None if self.pattern is None else re.compile(self.pattern)


_ANY: Final = FieldLimit()
_REQUIRED: Final = FieldLimit(required=True)
_NAME: Final = FieldLimit(most_characters=64, pattern="[a-z][a-z0-9_]*")
_REQUIRED_NAME: Final = replace(_NAME, required=True)
_PLACE: Final = FieldLimit(
    required=True, most_characters=64, pattern="[A-Z]{2}(-[A-Z0-9]{1,3})?|[a-z][a-z0-9_]*"
)
_COUNTRY: Final = FieldLimit(most_characters=2, pattern="[A-Z]{2}")
_TOKEN: Final = FieldLimit(most_characters=64, pattern="[!-~]+")
_MONTHS: Final = FieldLimit(least=0, most=1200)


def _names(most_entries: int) -> FieldLimit:
    """Return the limit of a list of names."""
    return replace(_NAME, most_entries=most_entries)


def _words(*words: str, most_entries: int | None = None) -> FieldLimit:
    """Return the limit of a field that takes only these words, which are no vocabulary's."""
    return replace(_NAME, pattern="|".join(words), most_entries=most_entries)


_COMMON: Final = {
    "Options.language": FieldLimit(most_characters=35, pattern="[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*"),
    "Subject.account_id": FieldLimit(most_characters=128, pattern="[!-~]+"),
    "Subject.ip_address": FieldLimit(most_characters=64),
    "Subject.phone_number": FieldLimit(most_characters=16, pattern=r"\+[1-9][0-9]{6,14}"),
    "Subject.birth_date": FieldLimit(most_characters=10, pattern="[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "Subject.birth_year": FieldLimit(least=1850, most=2199),
    "Subject.age_at_least": FieldLimit(least=0, most=150),
}

_FACTS: Final = {
    "Facts.action": _NAME,
    "Facts.product": _NAME,
    "Facts.device": _NAME,
    "Facts.purposes": _names(32),
    "Facts.item_classes": _names(64),
    "Facts.connections": FieldLimit(most_entries=32),
    "Facts.open_factors": _names(16),
    "Facts.open_sets": _words("population", "label", "item", "purpose", most_entries=4),
    "Facts.labels": FieldLimit(most_entries=64),
    "Facts.labels_absent": _names(64),
    "Facts.unknown": FieldLimit(most_entries=32),
    "Facts.indicators": _names(16),
    "Connection.factor": _REQUIRED_NAME,
    "Connection.place": _PLACE,
    "Connection.populations": _names(32),
    "Connection.populations_absent": _names(32),
    "Connection.source": _NAME,
    "Connection.trust": _NAME,
    "Label.name": _REQUIRED_NAME,
    "UnknownFact.dimension": _REQUIRED_NAME,
    "UnknownFact.reason": _REQUIRED,
}

_ELIGIBILITY: Final = {
    "CheckEligibilityRequest.facts": _REQUIRED,
    "BatchCheckEligibilityRequest.items": FieldLimit(most_entries=500),
    "BatchCheckEligibilityItem.facts": _REQUIRED,
    "ListRestrictionsRequest.jurisdiction": _PLACE,
    "ListRestrictionsRequest.factors": _names(16),
    "ListRestrictionsRequest.product": _NAME,
    "ListRestrictionsRequest.page_size": FieldLimit(least=1, most=200),
    "ListRestrictionsRequest.page_token": _TOKEN,
}

_POLICY: Final = {
    "GetJurisdictionRequest.code": replace(
        _PLACE, pattern="[A-Z]{2,3}(-[A-Z0-9]{1,3})?|[a-z][a-z0-9_]*"
    ),
    "ListJurisdictionsRequest.page_size": FieldLimit(least=1, most=500),
    "ListJurisdictionsRequest.page_token": _TOKEN,
    "GetRuleRequest.rule_id": FieldLimit(
        required=True, most_characters=128, pattern="[a-z0-9][a-z0-9_-]*(#[A-Za-z0-9_-]+)?"
    ),
}

_DECISIONS: Final = {
    "GetDecisionRequest.decision_id": FieldLimit(
        required=True, most_characters=49, pattern="[0-9a-f]{32}-[0-9a-f]{16}"
    ),
    "GetDecisionRequest.most_close": FieldLimit(least=1, most=50),
}

_DATA_REQUESTS: Final = {
    "RouteDataRequestRequest.instrument": _REQUIRED_NAME,
    "RouteDataRequestRequest.authority": _REQUIRED,
    "RouteDataRequestRequest.data": FieldLimit(required=True, most_entries=32),
    "RouteDataRequestRequest.received_at": _REQUIRED,
    "RouteDataRequestRequest.lacking": _names(32),
    "RouteDataRequestRequest.events": FieldLimit(most_entries=32),
    "RouteDataRequestRequest.profile": _NAME,
    "IssuingAuthority.kind": _REQUIRED_NAME,
    "IssuingAuthority.issuing_state": replace(_PLACE, pattern="[A-Z]{2}|[a-z][a-z0-9_]*"),
    "IssuingAuthority.validated_by": _NAME,
    "DataPerson.residence": _COUNTRY,
    "DataPerson.protected_callings": _words(
        "journalist", "lawyer", "doctor", "clergy", "parliamentarian", most_entries=8
    ),
    "DataPerson.populations": _names(32),
    "Offence.categories": _names(16),
    "Offence.maximum_penalty_months": _MONTHS,
    "Offence.sentence_months": _MONTHS,
    "Offence.lists": _names(16),
    "Offence.committed_in": _COUNTRY,
    "Offence.purposes": _words(
        "identify_author",
        "identify_victim_device",
        "find_missing_person",
        "trace_source",
        most_entries=4,
    ),
    "RequestedData.category": _REQUIRED_NAME,
    "Emergency.danger": replace(_words("life", "body", "critical_infrastructure"), required=True),
    "SilenceOrder.ordered_by": replace(_words("court", "law", "authority"), required=True),
    "RequestEvent.event": _REQUIRED_NAME,
    "RequestEvent.at": _REQUIRED,
}

LIMITS: Final[Mapping[str, FieldLimit]] = MappingProxyType(
    {
        f"comity.v1.{field}": limit
        for table in (_COMMON, _FACTS, _ELIGIBILITY, _POLICY, _DECISIONS, _DATA_REQUESTS)
        for field, limit in table.items()
    }
)
"""Full field name -> limit; a field that is not named holds whatever its type holds."""


def limit_of(full_name: str) -> FieldLimit:
    """Return the limit of the field `full_name`; an empty one if the table lacks it."""
    return LIMITS.get(full_name, _ANY)
