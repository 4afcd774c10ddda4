"""File `waivers.yaml`: findings that somebody has looked at and lets stand for some time."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from comity.policy.documents.base import DayValue, Document, Line, Many, RuleId
from comity.policy.findings.codes import FINDINGS
from comity.policy.problems import closest
from comity.policy.scalars import Refused


def _check_code(value: str) -> str:
    """Return `value` if it is the code of a finding that can be waived."""
    if value not in FINDINGS:
        message = f"'{value}' is no code of a finding."
        raise Refused("CP204", message, closest(value, FINDINGS))
    return value


class WaiverValue(Document):
    """One finding on one rule that is let stand.

    Attributes:
        code: code of the finding.
        rule: id of the rule as its file writes it.
        reason: why it is right as it is.
        expires: first day on which the finding counts again.
    """

    code: Annotated[str, AfterValidator(_check_code)]
    rule: RuleId
    reason: Line
    expires: DayValue


class WaiversFile(Document):
    """All waivers.

    Attributes:
        waivers: the waivers.
    """

    waivers: Many[WaiverValue]
