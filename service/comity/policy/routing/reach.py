"""Whether an instrument reaches a class of data, in the hands of its issuer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from comity.domain.data_request import RequestedData
from comity.domain.truth import Truth
from comity.policy.documents.reach import OffenceTest, ReachRow
from comity.policy.documents.requests import DataRequestRule
from comity.policy.routing.clocks import end_of_term
from comity.policy.routing.emergencies import EmergencyView
from comity.policy.routing.facts import is_authority, is_situation, meets_offence
from comity.policy.routing.findings import Finding, all_of, any_of, known
from comity.policy.routing.holdings import horizon
from comity.policy.routing.hurdles import Hurdle, Level, hurdle, spoken
from comity.policy.routing.matter import Matter
from comity.policy.routing.provisions import CountingClock

PUBLIC: Final = "public"
_LEVELS: Final = {
    "refuse": Level.REFUSE_CATEGORY,
    "need_information": Level.CATEGORY_LACKS,
    "escalate": Level.ESCALATE,
}


@dataclass(frozen=True, slots=True)
class RowFinding:
    """How one row of an instrument's reach fits a category.

    Attributes:
        row: the row.
        authority: whether the right authority issued it, or validated it, or consented.
        offence: whether offence and situation are as the row asks.
        period: whether the period asked is short enough.
    """

    row: ReachRow
    authority: Finding
    offence: Finding
    period: Finding

    @property
    def whole(self) -> Finding:
        """Whether the row fits."""
        return all_of((self.authority, self.offence, self.period))


def reach_hurdles(
    data: RequestedData, matter: Matter, emergency: EmergencyView
) -> Iterator[Hurdle]:
    """Yield why the instrument does not reach `data`; nothing if it does."""
    assert matter.rule is not None
    terms, word = matter.rule.terms, matter.class_of(data.category)
    rows = [row_finding(row, data, matter) for row in terms.reach if covers(row, word)]
    widened = _widened(word, emergency, rows)
    reached = any_of((*(row.whole for row in rows), widened))
    if reached.value is Truth.T:
        return
    if word == PUBLIC and not rows:
        text, cure = "The data are public.", "Read them at their public address."
        yield hurdle(Level.REFUSE_CATEGORY, "OUT_OF_REACH", text, cure=cure)
        return
    if not rows and reached.value is Truth.F:
        text = f"The instrument does not reach this class of data: {spoken((word,))}."
        cure = "Use an instrument that reaches it."
        yield hurdle(Level.REFUSE_CATEGORY, "OUT_OF_REACH", text, cure=cure, rule_id=matter.rule.id)
        return
    yield _failing(rows, reached, terms, matter)


def is_owed(data: RequestedData, matter: Matter, emergency: EmergencyView) -> bool:
    """Return whether the instrument, if nothing is wrong with it, must be obeyed as to `data`.

    What only a voluntary emergency track opens may be disclosed, and need not be.
    """
    rule, track = matter.rule, emergency.track
    if rule is None or not rule.terms.binding:
        return False
    if track is None or not track.voluntary:
        return True
    word = matter.class_of(data.category)
    rows = [row_finding(row, data, matter) for row in rule.terms.reach if covers(row, word)]
    by_track = _widened(word, emergency, rows).value is not Truth.F
    return not by_track or any_of(row.whole for row in rows).value is not Truth.F


def covers(row: ReachRow, word: str) -> bool:
    """Return whether the row speaks of the class `word`."""
    return row.as_legal_basis or word in row.classes


def row_finding(row: ReachRow, data: RequestedData, matter: Matter) -> RowFinding:
    """Return how `row` fits `data`."""
    offence = [any_of(is_situation(name, matter) for name in row.situation)]
    if not row.situation:
        offence = []
    if isinstance(row.offence, OffenceTest):
        offence.append(meets_offence(row.offence, matter))
    return RowFinding(
        row, authority_finding(row, matter), all_of(offence), _period(row, data, matter)
    )


def authority_finding(row: ReachRow, matter: Matter) -> Finding:
    """Return whether a fitting authority issued or validated the request, and consented."""
    issuer = matter.request.authority
    by = is_authority(issuer.kind, row.issued_by, "authority.kind", matter)
    field = "authority.validated_by"
    validated = is_authority(issuer.validated_by, row.or_validated_by, field, matter)
    fits = any_of((by, validated))
    if not row.with_consent_of:
        return fits
    return all_of((fits, is_authority(issuer.validated_by, row.with_consent_of, field, matter)))


def _period(row: ReachRow, data: RequestedData, matter: Matter) -> Finding:
    """Return whether the period asked is within the row's longest.

    A category without a period is asked as it is held now; of one that is kept for a time, all
    of that time.
    """
    if row.at_most_period is None:
        return known(holds=True)
    end = data.until or matter.request.received_at
    start = data.since or horizon(data.category, matter)
    if start is None:
        return known(holds=True)
    exact = CountingClock(matter.clock.zone, ends_at_start_time=True)
    return known(holds=end <= end_of_term(start, row.at_most_period, exact))


def _widened(word: str, emergency: EmergencyView, rows: list[RowFinding]) -> Finding:
    """Return whether an emergency reaches the class although no row does."""
    track = emergency.track
    if track is None:
        return known(holds=False)
    ways = []
    if word in track.classes:
        ways.append(emergency.on_track)
    before = track.without_validation
    if before is not None and word in before.classes:
        # Only the validation may come later; the rest of a row must fit.
        rest = [all_of((row.offence, row.period)) for row in rows if row.row.or_validated_by]
        ways.append(all_of((emergency.on_track, any_of(rest))))
    return any_of(ways)


def _failing(
    rows: list[RowFinding], reached: Finding, terms: DataRequestRule, matter: Matter
) -> Hurdle:
    """Return what the row that comes nearest lacks."""
    rule_id = matter.rule_id
    if reached.value is Truth.U:
        return hurdle(
            Level.CATEGORY_LACKS,
            "AMBIGUOUS",
            f"Whether {terms.title} reaches the data depends on what is not known.",
            cure="State it.",
            rule_id=rule_id,
            missing=reached.missing,
        )
    nearest = next((row for row in rows if row.authority.value is not Truth.F), None)
    if nearest is None:
        nearest = max(rows, key=lambda row: row.row.otherwise != "refuse")
        named = frozenset((*nearest.row.issued_by, *nearest.row.or_validated_by))
        code, text = "NOT_VALIDATED", "The authority may not ask for this class of data"
        cure = f"Have it issued or validated by one of these: {spoken(named)}."
    elif nearest.period.value is Truth.F and nearest.row.at_most_period is not None:
        longest = nearest.row.at_most_period.text
        code, text = "OUT_OF_REACH", f"The period asked is longer than {longest}"
        cure = f"Ask for at most {longest}."
    else:
        code, text = "OUT_OF_REACH", "The offence does not open this class of data"
        cure = "Use an instrument that reaches it for this offence."
    level = _LEVELS[nearest.row.otherwise]
    return hurdle(level, code, f"{text}.", cure=cure, rule_id=rule_id)
