"""A few rules that show everything a reply can hold, and the server that answers from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property

import grpc
from comity.app.eligibility import Eligibility
from comity.app.explanation import DecisionExplaining
from comity.app.ports.decision_recorder import (
    DecisionRecord,
    DecisionRecorder,
    InMemoryDecisionRecorder,
)
from comity.app.ports.phone_lookup import InMemoryPhoneLookup, PhoneFinding
from comity.app.ports.place_lookup import DatabaseProvenance, InMemoryPlaceLookup
from comity.app.ports.policy_source import PolicyInForce
from comity.app.ports.policy_status import PolicyStatus, RefusedEdit, RefusedProblem
from comity.app.restrictions import PolicyTexts
from comity.app.revisions import policy_for
from comity.app.routing import CitedText, RoutedRequest
from comity.domain.data_request import DataRequest
from comity.domain.data_route import (
    CategoryAnswer,
    Desk,
    Due,
    DueKind,
    Escalation,
    Ground,
    NoticeBy,
    Preservation,
    Route,
    Step,
    UserNotice,
    Verdict,
)
from comity.domain.decision import Conflict
from comity.domain.effect import ALLOWED, DENIED, Outcome, Quota, Restrict, Verify, Warn, outcome_of
from comity.domain.errors import NoPolicyError
from comity.domain.request import Options, Revision, Subject
from comity.grpc_api.callers import Entitlements, LoopbackEntitlements
from comity.grpc_api.data_requests import DataRequestServicer
from comity.grpc_api.decisions import DecisionServicer
from comity.grpc_api.eligibility import EligibilityServicer
from comity.grpc_api.interceptors import ErrorInterceptor
from comity.grpc_api.policy import PolicyServicer
from comity.policy.atlas import ALWAYS, Atlas
from comity.policy.bundle import Bundle, JurisdictionText
from comity.policy.documents.jurisdictions import PlatformFile
from comity.policy.engine import Engine
from comity.policy.lexicon import FactorTerm, Lexicon, Presumption
from comity.policy.routing.law import RequestLaw
from comity.policy.routing.provisions import CountingClock
from comity.policy.rule_texts import (
    Citation,
    HistoryEntry,
    ReachAbroad,
    RuleText,
    SuspensionEntry,
)
from comity.policy.rules import AgeBand, Clause, Modality, Rule, Ruleset, Undecided
from comity.policy.timeline import Timeline
from comity.v1 import (
    data_request_service_pb2_grpc,
    decision_service_pb2_grpc,
    eligibility_service_pb2_grpc,
    policy_service_pb2_grpc,
)
from unit.telemetry.kept_records import InMemoryRecords

NOW = datetime(2024, 10, 1, 12, tzinfo=UTC)
CUTOVER = datetime(2024, 9, 19, 21, tzinfo=UTC)
SUNSET = datetime(2030, 1, 1, tzinfo=UTC)
DIGEST = "ab" * 32
CALLS_OFF = outcome_of([Restrict("calls"), Warn("official_advice")])
HOUR_A_DAY = Outcome(
    obligations=frozenset({Restrict("daily_use", "day", "account", Quota(3600, "guardian"))})
)

LEXICON = Lexicon(
    kinds={
        "action": {"message_send": (), "message_read": (), "call": (), "account_delete": ()},
        "product": {"messaging": (), "telegram": ("messaging",)},
        "device": {"official": (), "official_desktop": ("official",), "personal": ()},
        "purpose": {"work": (), "private": ()},
        "item": {"official_channel": ()},
        "population": {"government_official": (), "military": ()},
        "label": {"ua_official_duty": (), "guardian_consent": (), "watched": ()},
        "instrument": {"fr_court_order": (), "police_letter": ()},
        "authority": {"judicial": (), "court": ("judicial",), "police": ()},
        "offence": {"drug_trafficking": (), "fraud": ()},
        "offence_list": {"epoc": ()},
        "need": {"reasons": (), "translation": ()},
        "data_category": {"phone_number": (), "login_ip": (), "content": ()},
        "event": {"clarification": (), "withdrawal": ()},
    },
    presumed={"device": "unknown"},
    factors={
        "presence": FactorTerm(Presumption.OPEN),
        "phone_country": FactorTerm(Presumption.CLOSED),
        "residence": FactorTerm(Presumption.DERIVED, ("phone_country", "presence")),
        "nationality": FactorTerm(Presumption.CLOSED),
        "works_for": FactorTerm(Presumption.CLOSED),
        "store_country": FactorTerm(Presumption.CLOSED),
        "network": FactorTerm(Presumption.CLOSED),
    },
    low_trust=frozenset({"vpn"}),
    indicators={"managed_device": frozenset({"works_for"})},
    never_deny=frozenset({"account_delete"}),
    notices={"deny": {"en": "Not possible here.", "uk": "Тут це неможливо."}},
)
ATLAS = Atlas(
    aliases={"UA-43": "crimea"},
    parents={"crimea": ("UA", "RU"), "eu_commission": ()},
    groups={"EU": {"FR": (ALWAYS,), "DE": (ALWAYS,)}},
)


def rule(
    rule_id: str,
    outcome: Outcome,
    *body: Clause,
    jurisdiction: str = "UA",
    modality: Modality = Modality.FORBID,
    timeline: Timeline | None = None,
    exceptions: tuple[Clause, ...] = (),
    when_unknown: Undecided | Outcome = Undecided.AS_UNMATCHED,
    text: RuleText | None = None,
) -> Rule:
    """Return a rule, always in force unless told otherwise."""
    return Rule(
        id=rule_id,
        jurisdiction=jurisdiction,
        modality=modality,
        timeline=timeline or Timeline((), (outcome,)),
        body=body,
        exceptions=exceptions,
        when_unknown={"other": when_unknown},
        requires="carry" if modality is Modality.REQUIRE else "",
        text=text or RuleText(rule_id, "Authority", Citation(f"Source of {rule_id}")),
    )


ANONYMITY = DatabaseProvenance("In-Memory-Anonymous", CUTOVER, "a" * 64)
OFFICIAL_DEVICES = rule(
    "ua-2024-official-devices",
    DENIED,
    Clause(
        factors=frozenset({"works_for"}),
        places=frozenset({"UA"}),
        populations=frozenset({"military", "government_official"}),
        products=frozenset({"telegram"}),
        devices=frozenset({"official"}),
    ),
    timeline=Timeline((CUTOVER, SUNSET), (None, DENIED, None)),
    exceptions=(Clause(labels=frozenset({"ua_official_duty"})),),
    text=RuleText(
        title="Telegram is barred from official devices",
        authority="National Coordination Centre for Cybersecurity",
        citation=Citation("Decision", "https://example.org/d", "item 1", date(2024, 9, 23)),
        legal_effect="advice",
        platform_basis="applied at the request of the authority",
        reach_abroad=ReachAbroad("Applied to posts abroad", Citation("Statute", pinpoint="art. 3")),
        recorded_at="2024-09-23",
        review_by=date(2026, 12, 31),
        message={"en": "Not on this device.", "uk": "Не на цьому пристрої."},
        note="Spares private phones.",
        history=(HistoryEntry("2024-09-19", "decided", "NCCC", "in session", Citation("Minutes")),),
        suspensions=(
            SuspensionEntry(
                "2024-09-01", "", "2024-09-10", "A court", "stayed", "not in force yet"
            ),
        ),
        file="jurisdictions/ua.yaml",
        line=5,
    ),
)
SECRET = rule(
    "any-watched",
    DENIED,
    Clause(labels=frozenset({"watched"}), products=frozenset({"messaging"})),
    jurisdiction="any",
    text=RuleText(
        "Watched accounts",
        "Court",
        Citation("Order"),
        confidence="unverified",
        apply_unverified="The order is sealed.",
        confidential=True,
    ),
)
CALLS = rule(
    "fr-calls",
    CALLS_OFF,
    Clause(
        factors=frozenset({"presence"}),
        places=frozenset({"EU"}),
        actions=frozenset({"call"}),
    ),
    jurisdiction="FR",
)
AGE = rule(
    "us-fl-age",
    DENIED,
    Clause(
        factors=frozenset({"residence"}),
        places=frozenset({"US-FL"}),
        age=AgeBand(None, 14, "America/New_York"),
    ),
    jurisdiction="US-FL",
    when_unknown=Outcome(obligations=frozenset({Verify("age")})),
)
QUOTA = rule(
    "cn-daily",
    HOUR_A_DAY,
    Clause(factors=frozenset({"presence"}), places=frozenset({"CN"})),
    jurisdiction="CN",
)
CARRY = rule(
    "eu-must-carry",
    ALLOWED,
    Clause(products=frozenset({"telegram"}), actions=frozenset({"message_send"})),
    jurisdiction="EU",
    modality=Modality.REQUIRE,
)
RULESET = Ruleset((OFFICIAL_DEVICES, SECRET, CALLS, AGE, QUOTA, CARRY), LEXICON, ATLAS)
BUNDLE = Bundle(
    digest=DIGEST,
    tzdata_version="2025b",
    files={},
    eligibility=RULESET,
    content=Ruleset((), LEXICON, ATLAS),
    requests=RequestLaw(
        instruments={},
        checks=(),
        profiles=(),
        platform=PlatformFile(timezone="UTC"),
        clock=CountingClock("UTC"),
        categories={},
        held={},
        offence_lists={},
        desks={},
        texts={},
        lexicon=LEXICON,
        atlas=ATLAS,
    ),
    jurisdictions={
        "UA": JurisdictionText("UA", "Ukraine", "Europe/Kyiv", ("ua-2024-official-devices",)),
        "any": JurisdictionText("any", "Platform", "UTC", ("any-watched",)),
        "crimea": JurisdictionText("crimea", "Crimea", "Europe/Kyiv", ()),
    },
)


@dataclass(frozen=True)
class SmallPolicy:
    """A `PolicyInForce` that holds the small world."""

    revision: Revision = field(default_factory=lambda: Revision(7, DIGEST))
    bundle: Bundle = BUNDLE
    engine: Engine = field(default_factory=lambda: Engine(RULESET))


@dataclass
class SmallPolicies:
    """A `PolicySource` and `PolicyStatusSource`; `current` may be taken away and given back."""

    current: SmallPolicy | None = field(default_factory=SmallPolicy)

    def known_at(self, instant: datetime) -> SmallPolicy | None:
        """Return the one revision, known since the cut-over."""
        return self.current if instant >= CUTOVER else None

    def with_content(self, digest: str) -> SmallPolicy | None:
        """Return the one revision, if it has this digest."""
        current = self.current
        return current if current and current.revision.digest == digest else None

    def wait_for_epoch(self, epoch: int, timeout_seconds: float) -> None:
        """Wait for nothing: no revision ever comes."""

    def policy_status(self) -> PolicyStatus:
        """Return the status of the one revision."""
        if self.current is None:
            message = "no policy is in force yet"
            raise NoPolicyError(message)
        problem = RefusedProblem("jurisdictions/fr.yaml", 3, 5, "E101", "unknown key")
        return PolicyStatus(
            revision=self.current.revision,
            in_force_since=CUTOVER,
            kept_from_earlier=True,
            tzdata_version="2025b",
            jurisdiction_count=3,
            rule_count=6,
            refused_edit=RefusedEdit(NOW, 2, (problem,)),
        )


ROUTE = Route(
    desk=Desk("li_intake", ("en",), "UTC", "mon-fri 09:00-17:00", "emergency"),
    due=Due(DueKind.INSTANT, SUNSET, "fr-court-order"),
    user_notice=UserNotice(NoticeBy.PLATFORM, "disclosure", NOW, silenced=False),
    profile="tg2024",
    answers=(
        CategoryAnswer("phone_number", Verdict.DISCLOSABLE, since=CUTOVER),
        CategoryAnswer(
            "content",
            Verdict.REFUSED,
            grounds=(Ground("ABOVE_CEILING", "Above the ceiling.", "", "any-ceiling"),),
            escalations=(Escalation("general_counsel", "ABOVE_CEILING", "The order binds."),),
        ),
    ),
    steps=(Step("authority_verification", "Verify the authority."),),
    tasks=(Step("written_order", "Send the order.", Due(DueKind.AT_ONCE), "fr-court-order"),),
    preservation=Preservation(
        NOW, until_event="production", rule_id="fr-court-order", categories=("content",)
    ),
    conflicts=(Conflict("any-secret", "fr-court-order"),),
    rule_ids=("any-secret", "fr-court-order"),
    missing_facts=("offence.maximum_penalty_months",),
)
CITED = {
    "fr-court-order": CitedText("FR", RuleText("Court order", "Parliament", Citation("Code"))),
    "any-secret": CitedText(
        "any", RuleText("Secret", "Platform", Citation("Order"), confidential=True)
    ),
}


@dataclass
class SmallRouter:
    """A `DataRequestRouter` that gives one route to every request and keeps what was asked."""

    policies: SmallPolicies
    asked: list[DataRequest] = field(default_factory=list)

    def clock(self) -> datetime:
        """Return the one instant there is."""
        return NOW

    def policy_for(self, options: Options) -> PolicyInForce:
        """Return the one revision, if it is there and answers `options`."""
        return policy_for(self.policies, options, 0.0)

    def route(
        self, subject: Subject, request: DataRequest, options: Options, policy: PolicyInForce
    ) -> RoutedRequest:
        """Give the one route; of a subject only the account is known to matter."""
        assert isinstance(subject, Subject)
        self.asked.append(request)
        now = options.as_of or NOW
        return RoutedRequest(ROUTE, CITED, policy.revision, now, f"{2:032x}-{1:016x}")


@dataclass
class SmallWorld:
    """Everything that the servicers are built from, and what they leave behind."""

    policies: SmallPolicies = field(default_factory=SmallPolicies)
    recorder: DecisionRecorder = field(default_factory=InMemoryDecisionRecorder)
    entitlements: Entitlements = field(default_factory=LoopbackEntitlements)
    defects: list[Exception] = field(default_factory=list)

    def recorded(self) -> Mapping[str, DecisionRecord]:
        """Return what was recorded so far, by decision id."""
        assert isinstance(self.recorder, InMemoryDecisionRecorder)
        return self.recorder.found()

    def eligibility(self) -> Eligibility:
        """Return the use case."""
        return Eligibility(
            policies=self.policies,
            places=InMemoryPlaceLookup({"203.0.114.0/24": ("FR", frozenset())}, ANONYMITY),
            phones=InMemoryPhoneLookup({"+380": PhoneFinding("UA")}),
            recorder=self.recorder,
            clock=lambda: NOW,
            wait_seconds=0.0,
        )

    @cached_property
    def records(self) -> InMemoryRecords:
        """Where recorded decisions are found again."""
        return InMemoryRecords(self.recorder)

    @cached_property
    def router(self) -> SmallRouter:
        """The use case that routes data requests."""
        return SmallRouter(self.policies)

    def texts(self) -> PolicyTexts:
        """Return the use case that reads policies."""
        return PolicyTexts(self.policies, lambda: NOW, wait_seconds=0.0)

    @contextmanager
    def serving(self) -> Iterator[grpc.Channel]:
        """Serve on a free port and yield a channel to it."""
        with self.listening() as address, grpc.insecure_channel(address) as channel:
            yield channel

    @contextmanager
    def listening(
        self,
        *interceptors: grpc.ServerInterceptor,
        credentials: grpc.ServerCredentials | None = None,
    ) -> Iterator[str]:
        """Serve on a free port, `interceptors` outermost, and yield its address."""
        guard = ErrorInterceptor(self.defects.append)
        server = grpc.server(ThreadPoolExecutor(4), interceptors=[*interceptors, guard])
        eligibility_service_pb2_grpc.add_EligibilityServiceServicer_to_server(
            EligibilityServicer(self.eligibility(), self.texts(), self.entitlements), server
        )
        policy_service_pb2_grpc.add_PolicyServiceServicer_to_server(
            PolicyServicer(self.texts(), self.policies, self.entitlements), server
        )
        data_request_service_pb2_grpc.add_DataRequestServiceServicer_to_server(
            DataRequestServicer(self.router, self.entitlements), server
        )
        explaining = DecisionExplaining(self.records, self.policies)
        decision_service_pb2_grpc.add_DecisionServiceServicer_to_server(
            DecisionServicer(explaining, self.entitlements), server
        )
        port = (
            server.add_secure_port("localhost:0", credentials)
            if credentials
            else server.add_insecure_port("localhost:0")
        )
        server.start()
        try:
            yield f"localhost:{port}"
        finally:
            server.stop(grace=None).wait()
