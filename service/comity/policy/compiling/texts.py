"""What people read of a rule: title, authority, citation, history."""

from __future__ import annotations

from collections.abc import Mapping

from comity.policy.compiling.reporting import FileReport
from comity.policy.documents.norms import Norm, Reach
from comity.policy.documents.rules import HistoryEvent, Rule, Source, SourceUse, SourceValue
from comity.policy.documents.times import Suspension
from comity.policy.problems import closest
from comity.policy.rule_texts import (
    Citation,
    HistoryEntry,
    ReachAbroad,
    RuleText,
    SuspensionEntry,
)
from comity.policy.scalars import Moment
from comity.policy.yaml_nodes import Loc

NO_SOURCE = Citation("")


def compile_text(
    rule: Rule, loc: Loc, sources: Mapping[str, Source], report: FileReport
) -> RuleText:
    """Return what people read of the rule at `loc`; an unknown source is reported."""
    norm = rule if isinstance(rule, Norm) else None
    line, _ = report.tree.position((*loc, "id"))
    cited = cite(rule.source, (*loc, "source"), sources, report)
    return RuleText(
        title=rule.title,
        authority=rule.authority,
        citation=cited,
        legal_effect=norm.legal_effect if norm else "binding",
        platform_basis=(norm.platform_basis or "") if norm else "",
        reach_abroad=_reach(norm.reach_abroad, cited, loc, sources, report) if norm else None,
        confidence=rule.confidence,
        apply_unverified=rule.apply_unverified or "",
        recorded_at=rule.recorded_at.text,
        review_by=None if rule.review_by is None else rule.review_by.date,
        message=dict(norm.message) if norm and norm.message else {},
        note=rule.note or "",
        history=tuple(
            _history(event, (*loc, "history", index), sources, report)
            for index, event in enumerate(rule.history)
        ),
        suspensions=tuple(map(_suspension, rule.suspended)),
        confidential=rule.confidential,
        file=report.tree.file,
        line=line,
    )


def _reach(
    reach: Reach | None,
    own: Citation,
    loc: Loc,
    sources: Mapping[str, Source],
    report: FileReport,
) -> ReachAbroad | None:
    """Return why a rule reaches abroad and where that can be read, by default where it stands."""
    if reach is None:
        return None
    if reach.source is None:
        return ReachAbroad(reach.why, own)
    cited = cite(reach.source, (*loc, "reach_abroad", "source"), sources, report)
    return ReachAbroad(reach.why, cited)


def cite(
    source: SourceValue, loc: Loc, sources: Mapping[str, Source], report: FileReport
) -> Citation:
    """Return the citation that `source` gives, by name or by itself."""
    if isinstance(source, Source):
        return _citation(source, source.pinpoint)
    named = source.use if isinstance(source, SourceUse) else source
    found = sources.get(named)
    if found is None:
        place = (*loc, "use") if isinstance(source, SourceUse) else loc
        message = f"'{named}' is no source of this file's `sources`."
        report.say("CP421", place, message, closest(named, sources))
        return NO_SOURCE
    pinpoint = source.pinpoint if isinstance(source, SourceUse) else None
    return _citation(found, pinpoint or found.pinpoint)


def _citation(source: Source, pinpoint: str | None) -> Citation:
    """Return the citation of a source at a place of it."""
    retrieved = None if source.retrieved is None else source.retrieved.date
    return Citation(source.title, source.url or "", pinpoint or "", retrieved)


def _history(
    event: HistoryEvent, loc: Loc, sources: Mapping[str, Source], report: FileReport
) -> HistoryEntry:
    """Return an event of a rule's history."""
    cited = None
    if event.source is not None:
        cited = cite(event.source, (*loc, "source"), sources, report)
    return HistoryEntry(event.on.text, event.event, event.by or "", event.note or "", cited)


def _suspension(written: Suspension) -> SuspensionEntry:
    """Return a time in which a rule is suspended."""

    def as_written(end: Moment | str | None) -> str:
        return end.text if isinstance(end, Moment) else end or ""

    return SuspensionEntry(
        since=as_written(written.start),
        until=as_written(written.until),
        through=as_written(written.through),
        by=written.by,
        kind=written.kind,
        note=written.note or "",
    )
