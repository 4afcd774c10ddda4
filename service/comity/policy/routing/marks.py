"""The words for situations and marks of requests that rules may use; each has a test in code."""

from __future__ import annotations

from typing import Final

# Situations in which a row, an emergency or an exception holds.
THREAT_TO_LIFE: Final = "threat_to_life"
THREAT_TO_INFRASTRUCTURE: Final = "threat_to_infrastructure"
ALL_IN_ISSUING_STATE: Final = "all_in_issuing_state"
CHILD: Final = "child"
CONSENT: Final = "consent"
RESIDENCE_ABROAD: Final = "residence_abroad"
SITUATIONS: Final = frozenset(
    {
        THREAT_TO_LIFE,
        THREAT_TO_INFRASTRUCTURE,
        ALL_IN_ISSUING_STATE,
        CHILD,
        CONSENT,
        RESIDENCE_ABROAD,
    }
)

# A ground of objection, and the code of a disclosure that waits for it.
CONFLICT_OF_LAWS: Final = "conflict_of_laws"
CLASH: Final = "CONFLICT_OF_LAWS"

# Marks of a request that a check may name.
FORGED: Final = "forged"
UNVERIFIED: Final = "unverified"
UNTRANSLATED: Final = "untranslated"
CIVIL: Final = "civil"
BULK: Final = "bulk"
SOURCE_HUNT: Final = "source_hunt"
REQUEST_MARKS: Final = frozenset({FORGED, UNVERIFIED, UNTRANSLATED, CIVIL, BULK, SOURCE_HUNT})

# Marks of a person that a check may name, besides populations of the vocabulary.
CALLINGS: Final = frozenset({"journalist", "lawyer", "doctor", "clergy", "parliamentarian"})
ROLES: Final = frozenset({"suspect", "witness", "victim", "missing"})

DEATH: Final = "death"
NO_LINK: Final = "none"
PURPOSES: Final = frozenset(
    {"identify_author", "identify_victim_device", "find_missing_person", "trace_source"}
)
CALL_BACK: Final = "call_back"
ADDRESSEE_STATE: Final = "addressee_state"
SYSTEMS: Final = ("EU", "US", "UK", "IN")
