"""How differences between revisions are printed, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from comity.cli.policy_reports import plural
from comity.policy.diffing.bundles import CONTENT, Difference
from comity.policy.diffing.commands import command_of
from comity.policy.diffing.regions import Direction, Period, Region
from comity.policy.diffing.route_wording import witness_facts, word_route, word_witness
from comity.policy.diffing.routes import RouteRegion
from comity.policy.diffing.wording import word_answer
from comity.policy.scenarios.wording import word_outcome

MOST_IN_DOUBT_TOLD: Final = 3
MOST_ROUTES_TOLD: Final = 12
MOST_UNTRIED_TOLD: Final = 5


def difference_lines(found: Difference, *, full: bool) -> Iterator[str]:
    """Yield a summary, then each difference with a question that shows it."""
    yield from _summary(found)
    known = [(section, r) for section, r in found.regions if r.known]
    doubtful = [(section, r) for section, r in found.regions if not r.known]
    if known:
        yield ""
    for section, region in known:
        yield from _told(section, region, found)
    told = doubtful if full or not known else []
    if not full and not known:
        told = doubtful[:MOST_IN_DOUBT_TOLD]
    if told:
        yield ""
        yield "Where facts are not known, for example:"
    for section, region in told:
        yield from _told(section, region, found)
    left = len(doubtful) - len(told)
    if left:
        yield ""
        yield f"{plural(left, 'more difference')} where facts are not known; --full shows them."
    yield from _routes(found, full=full)
    yield from _others(found, full=full)


def _routes(found: Difference, *, full: bool) -> Iterator[str]:
    """Yield the requests for data that are routed otherwise, the plainest first."""
    regions = sorted(found.requests.regions, key=lambda r: bool(r.conditions))
    if regions:
        yield ""
        yield "Requests for data:"
    for region in regions if full else regions[:MOST_ROUTES_TOLD]:
        yield f"- {word_route(region)}"
        yield f"    {word_witness(region.witness.request, region.witness.at)}"
    left = len(regions) - MOST_ROUTES_TOLD
    if left > 0 and not full:
        yield f"{plural(left, 'more difference')} of routes; --full shows them."


def _summary(found: Difference) -> Iterator[str]:
    """Yield what there is in one or two sentences."""
    counts = {direction: found.count(direction) for direction in Direction}
    changed = len(
        {rule_id for _, region in found.regions for rule_id in region.rule_ids}
        | {rule_id for region in found.requests.regions for rule_id in region.rule_ids}
        | set(found.requests.changes.other if found.requests.regions else ())
    )
    if found.within:
        if found.is_different:
            yield f"Answers change without any connection to {found.within}:"
        elif not found.is_complete:
            yield (
                f"Not proven: no answer without a connection to {found.within} was found to "
                "change, but not every question was tried."
            )
        else:
            yield (
                f"No answer without a connection to {found.within} changes; connections that "
                f"are not known may be connections to {found.within} and were left out."
            )
    elif not found.is_different:
        yield "No answer differs." if found.is_complete else "No answer was found to differ."
    total = len(found.regions) + len(found.requests.regions)
    if found.is_different:
        yield (
            f"{plural(total, 'difference')} by {plural(changed, 'rule')}: "
            f"{counts[Direction.STRICTER]} stricter, {counts[Direction.LOOSER]} looser, "
            f"{counts[Direction.OTHER]} otherwise, {counts[Direction.UNKNOWN]} unknown."
        )


def _told(section: str, region: Region, found: Difference) -> Iterator[str]:
    """Yield a difference and the question that shows it."""
    yield f"- {found.sentences.sentence(region)}"
    command = command_of(region.witness)
    told = command.text if section != CONTENT else f"content, as in {command.text}"
    unsaid = f"  ({'; '.join(command.unsaid)})" if command.unsaid else ""
    yield f"    {told}{unsaid}"


def _others(found: Difference, *, full: bool) -> Iterator[str]:
    """Yield what differs without any answer being different."""
    for name, comparison in found.sections.items():
        silent = comparison.silent
        if silent and not found.within:
            yield f"Changed in {name} without any answer being different: {', '.join(silent)}."
        texts = comparison.changes.texts
        if texts and full:
            for text in texts:
                yield f"Text of {text.rule_id}: {', '.join(text.parts)}."
        elif texts:
            yield f"Texts differ of {plural(len(texts), 'rule')} in {name}; --full lists them."
    changes = found.requests.changes
    if changes.any and not found.requests.regions:
        ids = (*changes.added, *changes.removed, *changes.changed, *changes.other)
        tried = plural(found.requests.asked, "request")
        yield f"Changed without any of {tried} for data being routed otherwise: {', '.join(ids)}."
    if not found.is_complete:
        yield "There may be further differences. Not tried:"
        told = found.untried if full else found.untried[:MOST_UNTRIED_TOLD]
        yield from (f"- {what}" for what in told)
        left = len(found.untried) - len(told)
        if left:
            yield f"- {left} more; --full lists them"


def difference_as_json(found: Difference) -> str:
    """Return everything that differs, as JSON."""
    told = {
        "old": found.old,
        "new": found.new,
        "within": found.within or None,
        "different": found.is_different,
        "complete": found.is_complete,
        "untried": list(found.untried),
        "counts": {direction.value: found.count(direction) for direction in Direction},
        "differences": [_region(section, r, found) for section, r in found.regions],
        "silent": {name: list(c.silent) for name, c in found.sections.items()},
        "texts": [
            {"rule": text.rule_id, "section": name, "parts": list(text.parts)}
            for name, c in found.sections.items()
            for text in c.changes.texts
        ],
        "requests": {
            "added": list(found.requests.changes.added),
            "removed": list(found.requests.changes.removed),
            "changed": list(found.requests.changes.changed),
            "other": list(found.requests.changes.other),
            "asked": found.requests.asked,
            "differences": [_route(region) for region in found.requests.regions],
        },
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def _region(section: str, region: Region, found: Difference) -> Mapping[str, Any]:
    """Return a difference as JSON has it."""
    command = command_of(region.witness)
    return {
        "section": section,
        "rules": list(region.rule_ids),
        "direction": region.direction.value,
        "known": region.known,
        "who": found.sentences.who(region),
        "what": found.sentences.what(region),
        "periods": [_period(period) for period in region.periods],
        "before": _answer(region, "before"),
        "after": _answer(region, "after"),
        "sentence": found.sentences.sentence(region),
        "witness": {
            "at": region.witness.at.isoformat(),
            "command": command.text,
            "unsaid": list(command.unsaid),
        },
    }


def _route(region: RouteRegion) -> Mapping[str, Any]:
    """Return a difference of routes as JSON has it."""
    witness = region.witness
    return {
        "provisions": list(region.rule_ids),
        "direction": region.turn.direction.value,
        "aspect": region.turn.aspect,
        "categories": list(region.categories),
        "instruments": list(region.instruments),
        "states": list(region.states),
        "issuers": list(region.issuers),
        "conditions": list(region.conditions),
        "periods": [_period(period) for period in region.periods],
        "before": region.turn.before,
        "after": region.turn.after,
        "sentence": word_route(region),
        "witness": witness_facts(witness.request, witness.at),
    }


def _period(period: Period) -> Mapping[str, Any]:
    return {
        "from": period.start.isoformat() if period.start is not None else None,
        "until": period.end.isoformat() if period.end is not None else None,
        "recurring": period.recurring,
    }


def _answer(region: Region, side: str) -> Mapping[str, Any]:
    answer = getattr(region.shift, side)
    return {
        "effect": answer.outcome.effect.name.lower(),
        "outcome": word_outcome(answer.outcome),
        "decided": answer.decided,
        "told": word_answer(answer),
    }
