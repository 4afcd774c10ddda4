"""Where rules come from and how firm they are, in words."""

from __future__ import annotations

from typing import Final

from comity.cli.output import word_of
from comity.v1 import common_pb2, data_request_service_pb2, decision_pb2

_FORCES: Final = {
    "binding": "binding law",
    "advice": "advice of the authority, not binding; applied by the platform",
    "voluntary": "a voluntary commitment, applied by the platform",
    "practice": "practice without a published act, applied by the platform",
    "proposal": "a proposal, never applied",
}
_CONFIDENCES: Final = {
    "verified": "checked against the source",
    "recalled": "recalled, not yet checked against the source",
    "unverified": "DOUBTFUL",
}


def citation_text(citation: common_pb2.Citation) -> str:
    """Return where a rule can be read."""
    parts = [citation.title, citation.pinpoint, citation.url]
    if citation.retrieved:
        parts.append(f"read {citation.retrieved}")
    return ", ".join(part for part in parts if part)


def force_text(rule: decision_pb2.Reason | data_request_service_pb2.CitedRule) -> str:
    """Return the legal force of a rule, and on whose decision it is applied if it doesn't bind."""
    word = word_of(rule, "legal_effect")
    text = _FORCES.get(word, word)
    basis = rule.platform_basis if isinstance(rule, decision_pb2.Reason) else ""
    return f"{text}: {basis}" if basis else text


def confidence_text(rule: decision_pb2.Reason | data_request_service_pb2.CitedRule) -> str:
    """Return how well the text of a rule is established."""
    word = word_of(rule, "confidence")
    return _CONFIDENCES.get(word, word)
