"""Requests that a rule on an instrument might answer, made to fit single rows of its reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from comity.domain.data_request import (
    DataPerson,
    DataRequest,
    Emergency,
    IssuingAuthority,
    Offence,
    PersonRole,
    RequestedData,
)
from comity.policy.documents.reach import OffenceTest, ReachRow
from comity.policy.findings.request_subjects import RequestSection
from comity.policy.routing import marks
from comity.policy.routing.clocks import LATEST
from comity.policy.routing.overlaps import issuers_of
from comity.policy.routing.provisions import RequestRule
from comity.policy.routing.selection import select_matter
from comity.policy.scalars import Duration, Unit

ONE_DAY: Final = timedelta(days=1)
_DAYS_A_MONTH: Final = 30
_MONTHS: Final = {Unit.YEARS: 12, Unit.MONTHS: 1}
_DANGERS: Final = {
    marks.THREAT_TO_LIFE: "life",
    marks.THREAT_TO_INFRASTRUCTURE: "critical_infrastructure",
}

Said = dict[str, Any]


@dataclass(frozen=True)
class Candidates:
    """Requests for one instrument.

    Attributes:
        rule: the rule on it.
        section: the law with its files.
    """

    rule: RequestRule
    section: RequestSection

    def __iter__(self) -> Iterator[DataRequest]:
        """Yield requests for each row, those that are made to fit it."""
        for row in self.rule.terms.reach:
            yield from self.for_row(row)

    def nearest(self, row: ReachRow) -> DataRequest:
        """Return a request by whom `row` names, of whose offence nothing is known."""
        issuer, validator = next(_authorities(row))
        state = self.issuing_state or self.rule.jurisdiction
        category = next(self._categories(row), min(self.section.law.categories))
        return DataRequest(
            instrument=self.rule.terms.instrument,
            authority=IssuingAuthority(issuer, state, validator),
            data=(RequestedData(category),),
            received_at=self.received,
            signed_at=self.received,
            account_given=True,
            person=DataPerson(PersonRole.SUSPECT),
        )

    def for_row(self, row: ReachRow) -> Iterator[DataRequest]:
        """Yield requests that `row` is made for: each authority, class and kind of offence."""
        state = self.issuing_state
        if state is None:
            return
        received = self.received
        for issuer, validator in _authorities(row):
            for category in self._categories(row):
                for said in offences_for(row.offence) if row.offence != "any" else ({},):
                    asked = DataRequest(
                        instrument=self.rule.terms.instrument,
                        authority=IssuingAuthority(issuer, state, validator),
                        data=(RequestedData(category, *_period(row, received)),),
                        received_at=received,
                        signed_at=received,
                        account_given=True,
                        person=DataPerson(PersonRole.SUSPECT),
                        offence=Offence(**said) if said else None,
                    )
                    yield in_situations(row.situation, asked)

    @property
    def received(self) -> datetime:
        """An instant at which the rule has effect, as late as there is one up to today."""
        now = datetime.combine(self.section.today, time(0), UTC)
        span = self.rule.spans[-1]
        if not span.holds(now) and span.start is not None:
            now = max(span.start, min(now, (span.end or LATEST) - ONE_DAY))
        return now if span.holds(now) or span.end is None else span.end - ONE_DAY

    @property
    def issuing_state(self) -> str | None:
        """A state that may issue the instrument then; None if none may."""
        law, received = self.section.law, self.received
        for state in sorted(issuers_of(self.rule, law.atlas)):
            asked = DataRequest(
                self.rule.terms.instrument, IssuingAuthority("", state), (), received
            )
            if select_matter(asked, law, received).rule is self.rule:
                return state
        return None

    def _categories(self, row: ReachRow) -> Iterator[str]:
        """Yield a category of each class of a row, one that may be disclosed if there is one."""
        held, law = self.section.law.held, self.section.law
        system, instrument = self.rule.terms.system, self.rule.terms.instrument
        ceiling = law.profile_at(self.received, instrument).profile.ceiling
        seen: set[str] = set()
        for name in sorted(law.categories, key=lambda name: (name not in ceiling, name)):
            word = law.categories[name].class_in(system)
            if (row.as_legal_basis or word in row.classes) and held[name] != "never":
                if word not in seen:
                    yield name
                seen.add(word)


def _authorities(row: ReachRow) -> Iterator[tuple[str, str]]:
    """Yield who may issue, and who validates or consents."""
    consents = row.with_consent_of or ("",)
    yield from ((issuer, consent) for issuer in row.issued_by for consent in consents)
    yield from ((row.issued_by[0], validator) for validator in row.or_validated_by)


def _period(row: ReachRow, received: datetime) -> tuple[datetime | None, datetime | None]:
    """Return a period that is short enough for a row; none if it asks for none."""
    return (received - ONE_DAY, received) if row.at_most_period is not None else (None, None)


def in_situations(names: tuple[str, ...], asked: DataRequest) -> DataRequest:
    """Return `asked` in the first of the situations `names`."""
    name = names[0] if names else ""
    state = asked.authority.issuing_state
    if name in _DANGERS:
        danger = Emergency(_DANGERS[name], substantiated=True, call_back_confirmed=True)
        return replace(asked, emergency=danger)
    person = {
        marks.CHILD: {"child": True},
        marks.CONSENT: {"consents": True},
        marks.RESIDENCE_ABROAD: {"residence": "FR" if state != "FR" else "DE"},
        marks.ALL_IN_ISSUING_STATE: {"residence": state},
    }.get(name, {})
    changed = replace(asked, person=replace(asked.person, **person))  # type: ignore[arg-type]
    if name == marks.ALL_IN_ISSUING_STATE:
        there = replace(asked.offence or Offence(), committed_in=state)
        changed = replace(changed, offence=there)
    return changed


def offences_for(test: OffenceTest | str) -> Iterator[Said]:
    """Yield what may be said of an offence that meets `test`, by attributes; none if nothing."""
    if not isinstance(test, OffenceTest):
        yield {}
        return
    said: Said = {}
    if test.maximum_penalty_at_least is not None:
        said["maximum_penalty_months"] = _months(test.maximum_penalty_at_least)
    if test.sentence_at_least is not None:
        said["sentence_months"] = _months(test.sentence_at_least)
    if test.committed_online is not None:
        said["committed_online"] = test.committed_online
    for key, names in (
        ("lists", test.listed),
        ("categories", test.category),
        ("purposes", test.purpose),
    ):
        if names:
            said[key] = frozenset(names[:1])
    found = [said]
    for inner in test.all_of:
        found = [
            both for one in found for two in offences_for(inner) if (both := _joined(one, two))
        ]
    if test.any_of:
        ways = [way for inner in test.any_of for way in offences_for(inner)]
        found = [both for one in found for way in ways if (both := _joined(one, way))]
    yield from found


def _joined(one: Said, other: Said) -> Said | None:
    """Return what is said in both; None if they contradict each other."""
    joined = {**one, **other}
    for key in one.keys() & other.keys():
        if key.endswith("_months"):
            joined[key] = max(one[key], other[key])
        elif isinstance(one[key], frozenset):
            joined[key] = one[key] | other[key]
        elif one[key] != other[key]:
            return None
    return joined


def _months(length: Duration) -> int:
    """Return a length in months, rounded up."""
    if length.unit in _MONTHS:
        return length.amount * _MONTHS[length.unit]
    days = {Unit.WEEKS: 7, Unit.DAYS: 1}.get(length.unit, 1)
    return -(-length.amount * days // _DAYS_A_MONTH)
