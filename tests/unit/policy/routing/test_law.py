"""From files to the law of data requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from textwrap import dedent

from comity.domain.data_request import Authenticity
from comity.domain.data_route import Redirect
from comity.policy.atlas import Atlas
from comity.policy.documents.loading import read_documents
from comity.policy.lexicon import Lexicon
from comity.policy.routing.law import compile_request_law
from comity.policy.scalars import Duration
from unit.policy.routing.shipped import instrument, request, route, shipped_law, told

LAW = shipped_law()
REACH = dedent("""\
    system: EU
    reach: [{classes: subscriber, issued_by: court}]
    due: in_order
    """)


def test_without_the_shared_files_there_is_no_law() -> None:
    """Nor a problem: that they are missing is said elsewhere."""
    assert compile_request_law(read_documents({}), Atlas(), Lexicon()) == (None, [])


def test_every_category_of_the_vocabulary_has_a_class_and_a_time_it_is_kept() -> None:
    assert LAW.categories.keys() == LAW.held.keys()
    assert LAW.held["secret_chats"] == "never"
    assert isinstance(LAW.held["login_ip"], Duration)


def test_the_profile_in_use_changes_at_one_instant() -> None:
    cutover = datetime(2024, 9, 23, tzinfo=UTC)
    before, after = LAW.profiles
    assert (before.name, before.span.start, before.span.end) == ("tg_before", None, cutover)
    assert (after.name, after.span.start, after.span.end) == ("tg2024", cutover, None)
    assert LAW.profile_at(cutover, "epoc").name == "tg2024"
    assert LAW.profile_named("eu_law") is not None
    assert LAW.profile_named("lenient") is None


def test_a_text_says_whether_the_authority_may_insist() -> None:
    """What does not bind need not be answered; the platform's checks are its practice."""
    voluntary = instrument("court_order", f"binding: false\n{REACH}")
    texts = shipped_law(("NL", "Europe/Amsterdam", voluntary)).texts
    assert texts["a-court-order"].text.legal_effect == "voluntary"
    assert texts["fr-cpp-99-3"].text.legal_effect == "binding"
    assert texts["plat-forged"].text.legal_effect == "practice"
    assert texts["fr-cpp-99-3"].text.file == "jurisdictions/fr.yaml"


def test_checks_of_the_platform_come_first() -> None:
    jurisdictions = [check.jurisdiction for check in LAW.checks]
    platform = jurisdictions.count("any")
    assert jurisdictions == ["any"] * platform + ["EU"] * (len(jurisdictions) - platform)
    ids = [check.id for check in LAW.checks]
    assert ids == [*sorted(ids[:platform]), *sorted(ids[platform:])]


CHECK = dedent("""\
    - id: nl-fraud
      title: Fraud is looked at
      when: {offence: fraud}
      code: RED_FLAG
      outcome: OUTCOME
      authority: An authority
      source: {title: A source}
      recorded_at: 2020-01-01
      in_force: [{}]
    """)


def test_a_jurisdictions_check_meets_its_own_instruments_only() -> None:
    """A Dutch check on fraud does not touch a French order."""
    check = CHECK.replace("OUTCOME", "escalate")
    law = shipped_law(("NL", "Europe/Amsterdam", instrument("court_order", REACH), check))
    received = "2026-06-01T00:00:00Z"
    dutch = request("court_order", "court", "NL", received, "phone_number")
    french = request("fr_court_order", "court", "FR", received, "phone_number")
    found = route(dutch, law)
    assert told(found) == {"phone_number": "N RED_FLAG +"}
    assert found.rule_ids == ("a-court-order", "nl-fraud")
    assert told(route(french, law)) == {"phone_number": "D"}


def test_a_check_may_send_the_request_elsewhere() -> None:
    """To its desk; the categories are not answered."""
    check = CHECK.replace("OUTCOME", "redirect\n  desk: mutual_assistance")
    law = shipped_law(("NL", "Europe/Amsterdam", instrument("court_order", REACH), check))
    found = route(request("court_order", "court", "NL", "2026-06-01T00:00:00Z"), law)
    assert found.redirect == Redirect("mutual_assistance", "Fraud is looked at.", "nl-fraud")
    assert found.answers == ()


def test_a_check_may_concern_some_classes_only() -> None:
    """Then it refuses these and the rest is answered."""
    check = CHECK.replace("OUTCOME", "refuse\n  classes: identification")
    reach = REACH.replace("subscriber", "[subscriber, identification]")
    law = shipped_law(("NL", "Europe/Amsterdam", instrument("court_order", reach), check))
    found = route(request("court_order", "court", "NL", "2026-06-01T00:00:00Z"), law)
    assert told(found) == {"phone_number": "D", "login_ip": "R RED_FLAG"}


def test_two_rules_may_follow_each_other_in_time() -> None:
    """The one in force at the receipt answers."""
    old = instrument("court_order", REACH, rule_id="nl-old").replace(
        "[{}]", "[{until: 2026-01-01}]"
    )
    new = instrument("court_order", REACH, rule_id="nl-new").replace("[{}]", "[{from: 2026-01-01}]")
    law = shipped_law(("NL", "Europe/Amsterdam", old + new))
    for received, expected in (
        ("2025-12-31T22:59:59Z", "nl-old"),
        ("2025-12-31T23:00:00Z", "nl-new"),
    ):
        found = route(request("court_order", "court", "NL", received), law)
        assert found.rule_ids == (expected,)


def test_the_desk_of_the_strongest_check_answers() -> None:
    """The platform's check asks, the state's refuses."""
    check = CHECK.replace("OUTCOME", "refuse\n  desk: mutual_assistance")
    law = shipped_law(("NL", "Europe/Amsterdam", instrument("court_order", REACH), check))
    order = request("court_order", "court", "NL", "2026-06-01T00:00:00Z", "phone_number")
    doubtful = replace(order.authority, authenticity=Authenticity.UNCONFIRMED)
    assert route(replace(order, authority=doubtful), law).desk.name == "mutual_assistance"
    assert route(replace(order, authority=doubtful)).desk.name == "security"
