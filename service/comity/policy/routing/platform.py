"""Holds the platform's profiles and defaults against the files that define their names."""

from __future__ import annotations

from collections.abc import Sequence

from comity.policy.compiling.reporting import FileReport
from comity.policy.compiling.spans import complement, intersect
from comity.policy.documents.jurisdictions import PlatformFile, Profile
from comity.policy.routing import marks
from comity.policy.routing.names import Names, Place
from comity.policy.routing.provisions import ProfileSpan
from comity.policy.routing.references import check_due, check_follow_up, check_offence


def check_platform(platform: PlatformFile, report: FileReport, names: Names) -> None:
    """Report what the platform's profiles and defaults name and nobody defines."""
    place = Place((), report, names)
    for name, profile in platform.profiles.items():
        _check_profile(profile, place.within("profiles", name))
    for index, use in enumerate(platform.in_use):
        place.within("in_use", index).check("instruments", use.instruments, "instrument")
    defaults = place.within("defaults")
    defaults.check("desk", platform.defaults.desk, "desk")
    defaults.check("escalate_to", platform.defaults.escalate_to, "desk")
    check_due(platform.defaults.due, defaults.within("due"), platform.clocks)
    if platform.defaults.user_notice is not None:
        notice = defaults.within("user_notice")
        notice.check("not_if", platform.defaults.user_notice.not_if, "situation")
    if platform.defaults.desk is None:
        report.say("CP524", ("defaults",), "'defaults' names no `desk` to answer requests.")
    _check_emergency(platform, place.within("emergency"))
    _check_held(platform, place)


def _check_profile(profile: Profile, place: Place) -> None:
    """Report what a profile names and nobody defines."""
    place.check("steps", profile.steps, "step")
    if not isinstance(profile.ceiling, str):
        place.check("ceiling", profile.ceiling, "category")
    for key, test in profile.tests.items():
        tested = place.within("tests", key)
        check_offence(test, tested)
        tested.check("by", test.by, "authority")
        for index, also in enumerate(test.also):
            further = tested.within("also", index)
            further.check("by", also.by, "authority")
            further.check_states("issuing_states", also.issuing_states)
            further.check_classes("classes", also.classes, marks.SYSTEMS)


def _check_emergency(platform: PlatformFile, place: Place) -> None:
    """Report what the platform's emergency names and nobody defines."""
    emergency = platform.emergency
    if emergency is None:
        return
    place.check("when", emergency.when, "situation")
    place.check("needs", emergency.needs, "need")
    place.check("data", emergency.data, "category")
    place.check("desk", emergency.desk, "desk")
    place.check("steps", emergency.steps, "step")
    check_follow_up(emergency.follow_up, place)
    check_due(emergency.due, place.within("due"), platform.clocks)


def _check_held(platform: PlatformFile, place: Place) -> None:
    """Report categories of `data_held` that are none, and those of which it says nothing."""
    for index, kept in enumerate(platform.data_held):
        place.within("data_held", index).check("category", kept.category, "category")
    said = {kept.category for kept in platform.data_held}
    for category in sorted(place.names.known["category"] - said):
        message = f"'data_held' does not say how long {category} is kept."
        place.report.say("CP523", ("data_held",), message)


def check_profiles(profiles: Sequence[ProfileSpan], report: FileReport) -> None:
    """Report times at which no profile is in use for all instruments, or two are."""
    general = [use for use in profiles if not use.instruments]
    for gap in complement(use.span for use in general):
        when = f"from {gap.start:%Y-%m-%dT%H:%M:%SZ}" if gap.start is not None else "at first"
        report.say("CP521", ("in_use",), f"No profile is in use for all instruments {when}.")
    for index, use in enumerate(general):
        for other in general[:index]:
            if intersect([use.span], [other.span]):
                message = f"The profiles {other.name} and {use.name} are in use at once."
                report.say("CP522", ("in_use",), message)
