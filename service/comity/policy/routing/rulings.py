"""Rulings of `conflicts.yaml` on instruments and the prohibitions that they clash with."""

from __future__ import annotations

from collections.abc import Iterable

from comity.policy.compiling.reporting import FileReport
from comity.policy.documents.loading import Documents
from comity.policy.problems import Problem
from comity.policy.routing.provisions import RequestCheck, RequestRule, RequestRuling


def compile_request_rulings(
    documents: Documents,
    rules: Iterable[RequestRule],
    checks: Iterable[RequestCheck],
    problems: list[Problem],
) -> tuple[RequestRuling, ...]:
    """Return the rulings that name an instrument's rule or a check, and report odd ones.

    Rulings on restrictions and content alone are left to those.
    """
    if documents.conflicts is None:
        return ()
    report = FileReport(documents.conflicts.tree, problems)
    requires = {rule.id for rule in rules if rule.terms.binding}
    known = {check.id: check for check in checks}
    forbids = {i for i, check in known.items() if check.forbids_abroad}
    found = []
    for index, ruling in enumerate(documents.conflicts.document.conflicts):
        between = set(ruling.between)
        if not between & (requires | known.keys()):
            continue
        if len(between & requires) == 1 and len(between & forbids) == 1:
            [require], [forbid] = between & requires, between & forbids
            found.append(RequestRuling(forbid, require, ruling.prefer, ruling.expires.at))
        else:
            message = (
                "'between' names one binding instrument and one check with `meets: foreign`, "
                "or two rules on restrictions or content."
            )
            report.say("CP423", ("conflicts", index, "between"), message)
    return tuple(found)
