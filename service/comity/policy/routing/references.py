"""Holds every name in the rules on requests against the files that define it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from comity.policy.compiling.reporting import FileReport
from comity.policy.documents.checks import CheckRule
from comity.policy.documents.reach import IssuingStates, OffenceTest, Redirect
from comity.policy.documents.requests import DataRequestRule, EmergencyTrack, FollowUp, PreserveTerm
from comity.policy.documents.times import Clock, Term
from comity.policy.routing import marks
from comity.policy.routing.names import Names, Place
from comity.policy.yaml_nodes import Loc


def check_clocks(clocks: Mapping[str, Clock], report: FileReport, names: Names) -> None:
    """Report clocks that roll over holidays which no calendar lists."""
    calendars = names.desks.holidays
    for name, clock in clocks.items():
        loc: Loc = ("clocks", name, "holidays")
        if clock.holidays is None:
            if clock.roll == "next_working_day":
                message = "The clock rolls to the next working day; name its `holidays`."
                report.say("CP509", ("clocks", name, "roll"), message)
        elif clock.holidays not in calendars:
            what = "calendar of desks.yaml"
            report.say_unknown("CP509", loc, clock.holidays, what, calendars)
        else:
            years = {day.date.year for day in calendars[clock.holidays]}
            missing = sorted(set(range(min(years), max(years) + 1)) - years) if years else [0]
            if missing:
                message = f"The calendar {clock.holidays} has no day of {missing[0]}."
                if not years:
                    message = f"The calendar {clock.holidays} has no day of any year."
                report.say("CP509", loc, message)


def check_section(
    rule: DataRequestRule | CheckRule,
    loc: Loc,
    report: FileReport,
    names: Names,
    clocks: Mapping[str, Clock],
) -> None:
    """Report every name in a rule or check that is not known."""
    place = Place(loc, report, names)
    if isinstance(rule, CheckRule):
        _check_check(rule, place)
    else:
        _check_rule(rule, place, clocks)


def _check_rule(rule: DataRequestRule, place: Place, clocks: Mapping[str, Clock]) -> None:
    """Report what a rule on an instrument names and nobody defines."""
    place.check("instrument", rule.instrument, "instrument")
    place.check("addressee", rule.addressee, "desk")
    place.check("desk", rule.desk, "desk")
    place.check("needs", rule.needs, "need")
    place.check("steps", rule.steps, "step")
    place.check("ask_with", rule.ask_with, "task")
    _check_issuers(rule, place)
    check_due(rule.due, place.within("due"), clocks)
    for index, row in enumerate(rule.reach):
        inner = place.within("reach", index)
        inner.check_classes("classes", row.classes, (rule.system,))
        inner.check("issued_by", row.issued_by, "authority")
        inner.check("or_validated_by", row.or_validated_by, "authority")
        inner.check("with_consent_of", row.with_consent_of, "authority")
        inner.check("situation", row.situation, "situation")
        if isinstance(row.offence, OffenceTest):
            check_offence(row.offence, inner.within("offence"))
    if rule.emergency is not None:
        _check_emergency(rule.emergency, place.within("emergency"), rule, clocks)
    notified = rule.notified_authority
    if notified is not None:
        inner = place.within("notified_authority")
        inner.check_classes("classes", notified.classes, (rule.system,))
        inner.check("unless", notified.unless, "situation")
        if notified.emergency is not None:
            inner.within("emergency").check("then", notified.emergency.then, "task")
    if isinstance(rule.preserve, PreserveTerm):
        _check_preserve(rule.preserve, place.within("preserve"))
    if rule.user_notice is not None:
        place.within("user_notice").check("not_if", rule.user_notice.not_if, "situation")
    for index, objection in enumerate(rule.objections):
        inner = place.within("objections", index)
        inner.check("grounds", objection.grounds, "ground")
        inner.check("not_grounds", objection.not_grounds, "ground")
        inner.check("only_if", objection.only_if, "situation")
        inner.check("form", objection.form, "task")
        _check_clock(objection.clock, inner, clocks)


def _check_issuers(rule: DataRequestRule, place: Place) -> None:
    """Report issuing states that are none, and instruments to turn to that are none."""
    states = rule.issuing_states
    if states is None:
        return
    inner = place.within("issuing_states")
    if not isinstance(states, IssuingStates):
        place.check_states("issuing_states", states)
        return
    inner.check_states("in", states.within)
    inner.check_states("not", [c for c in states.excluded if c != marks.ADDRESSEE_STATE])
    if isinstance(states.otherwise, Redirect):
        inner.within("else").check("redirect", states.otherwise.redirect, "instrument")
    if marks.ADDRESSEE_STATE in states.excluded:
        desk = place.names.desks.desks.get(rule.addressee or "")
        if desk is None or desk.state is None:
            message = "'addressee_state' needs an `addressee` whose desk names its `state`."
            place.report.say("CP516", (*inner.loc, "not"), message)


def _check_emergency(
    track: EmergencyTrack, place: Place, rule: DataRequestRule, clocks: Mapping[str, Clock]
) -> None:
    """Report what an emergency track names and nobody defines."""
    place.check("when", track.when, "situation")
    place.check("desk", track.desk, "desk")
    place.check_classes("classes", track.classes, (rule.system,))
    check_due(track.due, place.within("due"), clocks)
    check_follow_up(track.follow_up, place)
    if track.without_validation is not None:
        inner = place.within("without_validation")
        inner.check_classes("classes", track.without_validation.classes, (rule.system,))
        inner.check("else", track.without_validation.otherwise, "task")


def check_follow_up(follow_up: Sequence[FollowUp], place: Place) -> None:
    """Report tasks that are none."""
    for index, after in enumerate(follow_up):
        inner = place.within("follow_up", index)
        inner.check("task", after.task, "task")
        inner.check("else", after.otherwise, "task")


def _check_preserve(term: PreserveTerm, place: Place) -> None:
    """Report events that are none."""
    for index, extension in enumerate(term.extends):
        place.within("extends", index).check("on", extension.on, "event")


def check_due(due: str | Term | None, place: Place, clocks: Mapping[str, Clock]) -> None:
    """Report a clock that the file does not have."""
    if isinstance(due, Term):
        _check_clock(due.clock, place, clocks)


def _check_clock(name: str | None, place: Place, clocks: Mapping[str, Clock]) -> None:
    """Report that the file has no clock `name`."""
    if name is not None and name not in clocks:
        what = "clock of this file's `clocks`"
        place.report.say_unknown("CP508", (*place.loc, "clock"), name, what, clocks)


def check_offence(test: OffenceTest, place: Place) -> None:
    """Report what a test of the offence names and nobody defines."""
    place.check("listed", test.listed, "offence_list")
    place.check("category", test.category, "offence")
    place.check("purpose", test.purpose, "purpose")
    for key, tests in (("any_of", test.any_of), ("all_of", test.all_of)):
        for index, inner in enumerate(tests):
            check_offence(inner, place.within(key, index))


def _check_check(check: CheckRule, place: Place) -> None:
    """Report what a check names and nobody defines."""
    when, inner = check.when, place.within("when")
    inner.check("instrument", when.instrument, "instrument")
    inner.check("request", when.request, "request_mark")
    inner.check("person", when.person, "person_mark")
    inner.check("offence", when.offence, "offence")
    inner.check("penalty", when.penalty, "penalty")
    inner.check("link", when.link, "link")
    for key in ("issuing_states", "issued_outside", "residence"):
        inner.check_states(key, getattr(when, key))
    inner.check("issued_by", when.issued_by, "authority")
    inner.check("not_issued_by", when.not_issued_by, "authority")
    place.check("tasks", check.tasks, "task")
    place.check("code", check.code, "code")
    place.check("desk", check.desk, "desk")
    place.check_classes("classes", check.classes, marks.SYSTEMS)
    if isinstance(check.preserve, PreserveTerm):
        _check_preserve(check.preserve, place.within("preserve"))
