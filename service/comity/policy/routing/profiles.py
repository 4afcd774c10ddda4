"""The platform's own policy: who must ask, of whom, for what, and how much is disclosed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from comity.domain.data_request import PersonRole
from comity.domain.data_route import Escalation, Ground
from comity.domain.truth import Truth
from comity.policy.documents.jurisdictions import AlsoBy, ProfileTest
from comity.policy.routing import marks
from comity.policy.routing.emergencies import EmergencyView
from comity.policy.routing.facts import has_role, is_from, is_situation, meets_offence
from comity.policy.routing.findings import Finding, any_of, known, unknown
from comity.policy.routing.hurdles import Hurdle, Level, hurdle, spoken
from comity.policy.routing.matter import Matter

INSTRUMENT: Final = "instrument"
# Test of a profile -> the code of its ground, what it asks, and what would cure it.
_TESTS: Final = {
    "judicial": (
        "NOT_JUDICIAL",
        "The platform discloses only to judicial authorities.",
        "Send an order of a court or a judge.",
    ),
    "suspect": (
        "NOT_SUSPECT",
        "The platform discloses only the data of suspects.",
        "Confirm that the person is a suspect.",
    ),
    "terms_violation": (
        "NOT_TOS",
        "The platform discloses only in cases that break its terms of service.",
        "Say how the offence breaks the terms of service.",
    ),
    "offence": (
        "NOT_TOS",
        "The platform discloses only for certain offences.",
        "Say which of these offences it is.",
    ),
}


def profile_hurdles(
    category: str, matter: Matter, emergency: EmergencyView, *, owed: bool
) -> Iterator[Hurdle]:
    """Yield which tests of the profile in use the request fails for `category`.

    `owed` says that the instrument must be obeyed.
    """
    lifted = emergency.lifts_tests_of(category)
    if lifted.value is Truth.T:
        return
    for name, test in matter.use.profile.tests.items():
        finding = _test(name, test, category, matter)
        if finding.value is not Truth.T:
            yield _failure(name, test, finding, lifted, matter, owed=owed)


def passes_tests(category: str, matter: Matter) -> bool:
    """Return whether the request passes every test for `category`, emergency or not."""
    tests = matter.use.profile.tests.items()
    return all(_test(name, test, category, matter).value is Truth.T for name, test in tests)


def ceiling_hurdle(category: str, matter: Matter, desk: str, *, owed: bool) -> Hurdle | None:
    """Return that `category` is above what the profile discloses; None if it isn't.

    What is `owed` by law is escalated as well: the ceiling is no ground of refusal in law.
    """
    ceiling = matter.use.profile.ceiling
    if ceiling == INSTRUMENT or category in ceiling:
        return None
    text = "The platform does not disclose this category of data."
    reason = "The order binds, and the platform's own ceiling is no ground of refusal in law."
    return Hurdle(
        Level.REFUSE_CATEGORY,
        Ground("ABOVE_CEILING", text),
        Escalation(desk, "ABOVE_CEILING", reason) if owed else None,
    )


def _test(name: str, test: ProfileTest, category: str, matter: Matter) -> Finding:
    """Return whether the request passes the test `name`."""
    match name:
        case "judicial":
            ways = [is_from(test.by, matter)]
            ways.extend(_also(further, category, matter) for further in test.also)
            return any_of(ways)
        case "suspect":
            consent = is_situation(marks.CONSENT, matter)
            return any_of((has_role(PersonRole.SUSPECT, matter), consent))
        case "terms_violation":
            stated = matter.offence.terms_violation
            if stated is not None:
                return known(holds=stated)
            if not test.category:
                return unknown("offence.terms_violation")
            return meets_offence(test, matter)
        case _:
            return meets_offence(test, matter)


def _also(further: AlsoBy, category: str, matter: Matter) -> Finding:
    """Return whether a further authority passes, for this state and class of data."""
    if further.issuing_states and not matter.is_issued_in(further.issuing_states):
        return known(holds=False)
    if further.classes and matter.class_of(category) not in further.classes:
        return known(holds=False)
    return is_from(further.by, matter)


def _failure(
    name: str,
    test: ProfileTest,
    finding: Finding,
    lifted: Finding,
    matter: Matter,
    *,
    owed: bool,
) -> Hurdle:
    """Return the hurdle of a test that is failed, or that may be."""
    code, text, cure = _TESTS[name]
    if name == "offence" and matter.use.span.end is not None:
        code = "PRE_POLICY"
        text = f"The policy in use at the time covers only this: {spoken(test.category)}."
        since = f"{matter.use.span.end:%Y-%m-%dT%H:%M:%SZ}"
        cure = f"Send it again: a request received from {since} on is judged by a wider policy."
    missing = finding.missing | lifted.missing
    if lifted.value is Truth.U:
        cure = f"{cure} Or show the danger, and let a call-back confirm it."
    if finding.value is Truth.U or lifted.value is Truth.U:
        return hurdle(Level.CATEGORY_LACKS, code, text, cure=cure, missing=missing)
    if test.otherwise == "escalate":
        return hurdle(Level.ESCALATE, code, text, cure=cure)
    # Nothing is asked of an authority whose request need not be answered at all.
    lacks = test.otherwise == "need_information" and owed
    level = Level.CATEGORY_LACKS if lacks else Level.REFUSE_CATEGORY
    return hurdle(level, code, text, cure=cure)
