"""A thousand random decisions, recorded by a server in real files, are made once more."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from comity.adapters.bundle_cache import BundleCache
from comity.adapters.data_directory import bundles_in
from comity.adapters.policy_directory import PolicyDirectory, PolicyDirectoryError
from comity.app.active_policy import ActivePolicy, PolicyHolder
from comity.app.explanation import DecisionExplaining
from comity.app.ports.decision_records import NotRecomputed
from comity.cli.local import compile_here, serving_here
from comity.cli.setting_flags import settings_from
from comity.client import ComityClient
from comity.journal import Journal, read_segment, segments_in
from comity.journal.places import journal_in
from comity.telemetry import open_telemetry
from comity.telemetry.recollection import Recollection
from comity.telemetry.records import KeptRecords
from comity.telemetry.seal_opening import RecordedSealOpener
from comity.telemetry.sealed_facts import new_keys, read_private_key
from comity.v1 import decision_service_pb2, eligibility_service_pb2
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from unit.journal.disks import options_in

POLICIES = Path(__file__).parents[2] / "policies"
ROUNDS, BATCH = 2, 500
ASKED_LIVE = 20
ELSEWHERE = ("PL", "KZ", "US-GA", "ZA")
ADDRESSES = ("81.2.69.142", "2a02:6b8::1", "203.0.113.9", "1.1.1.1")
NUMBERS = ("+380501234711", "+33612345678", "+14155552671", "+77011234567")
pytestmark = pytest.mark.timeout(110)


@dataclass(frozen=True)
class Recorded:
    """Decisions that a server recorded, which has ended since.

    Attributes:
        identities: their identities.
        effects: the effect of each, as its reply told it.
        policy: the policies that answered.
        live: what the server itself told of a few.
    """

    identities: tuple[str, ...]
    effects: tuple[int, ...]
    policy: ActivePolicy
    live: tuple[decision_service_pb2.GetDecisionResponse, ...]


class Facts:
    """Draws facts from the vocabulary and the places of policies."""

    def __init__(self, policy: ActivePolicy, chance: random.Random) -> None:
        """Draw by `chance`."""
        lexicon = policy.bundle.eligibility.lexicon
        self._kinds = {name: sorted(values) for name, values in lexicon.kinds.items()}
        atlas, codes = policy.bundle.eligibility.atlas, policy.bundle.jurisdictions
        groups = {"any", *atlas.groups}
        self._places = sorted({*codes, *ELSEWHERE} - groups)
        self._factors = sorted(lexicon.factors)
        self._chance = chance

    def draw(self) -> Mapping[str, Any]:
        """Return an item of a batch as JSON maps it."""
        chance = self._chance
        facts: dict[str, Any] = {
            "action": chance.choice(self._kinds["action"]),
            "product": chance.choice(self._kinds["product"]),
            "purposes": self._some("purpose"),
            "item_classes": self._some("item"),
            "labels": [{"name": name} for name in self._some("label")],
            "connections": [
                {"factor": factor, "place": chance.choice(self._places), "populations": people}
                for factor in chance.sample(self._factors, chance.randint(1, 3))
                for people in (self._some("population", 0.6),)
            ],
        }
        if chance.random() < 0.8:
            facts["product"] = "telegram"
        if chance.random() < 0.7:
            facts["device"] = chance.choice(self._kinds["device"])
        return {"subject": self._subject(), "facts": facts}

    def _subject(self) -> Mapping[str, Any]:
        """Return who is asked about; half of the time with an age."""
        chance = self._chance
        subject: dict[str, Any] = {"account_id": f"account-{chance.randint(1, 300)}"}
        if chance.random() < 0.4:
            born = date(1940, 1, 1) + timedelta(days=chance.randint(0, 29_000))
            subject["birth_date"] = born.isoformat()
        elif chance.random() < 0.2:
            subject["age_at_least"] = chance.randint(1, 40)
        if chance.random() < 0.3:
            subject["ip_address"] = chance.choice(ADDRESSES)
        if chance.random() < 0.3:
            subject["phone_number"] = chance.choice(NUMBERS)
        return subject

    def _some(self, dimension: str, share: float = 0.2) -> list[str]:
        """Return a few values, in this share of cases."""
        if self._chance.random() > share:
            return []
        known = self._kinds[dimension]
        return sorted(self._chance.sample(known, self._chance.randint(1, min(2, len(known)))))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A place with a legal key, which the settings name."""
    home = tmp_path_factory.mktemp("home")
    private, public, _ = new_keys()
    (home / "legal").write_bytes(private)
    (home / "legal.pub").write_bytes(public)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"):
            patch.delenv(name, raising=False)
        patch.setenv("COMITY_DATA_DIR", str(home / "data"))
        patch.setenv("COMITY_SEAL_PUBLIC_KEY", str(home / "legal.pub"))
        yield home


@pytest.fixture(scope="module")
def recorded(home: Path) -> Recorded:
    """A thousand decisions under the policies that come with Comity."""
    del home
    reading = PolicyDirectory(POLICIES, settle_seconds=0.0).read()
    assert not isinstance(reading, PolicyDirectoryError)
    policy = compile_here(None, reading.files)
    facts = Facts(policy, random.Random(20261125))
    replies = []
    with serving_here(POLICIES) as address, ComityClient(address, timeout_seconds=30) as client:
        stub = EligibilityServiceStub(client._channel)
        for _ in range(ROUNDS):
            items = {"items": [facts.draw() for _ in range(BATCH)]}
            request = json_format.ParseDict(
                items, eligibility_service_pb2.BatchCheckEligibilityRequest()
            )
            results = stub.BatchCheckEligibility(request, timeout=30).results
            assert [r.error.message for r in results if r.HasField("error")] == []
            replies += [result.response for result in results]
        asked = replies[:: len(replies) // ASKED_LIVE]
        live = tuple(client.explain(reply.decision_id) for reply in asked)
    identities = tuple(reply.decision_id for reply in replies)
    return Recorded(identities, tuple(reply.effect for reply in replies), policy, live)


@pytest.fixture(scope="module")
def explaining(home: Path, recorded: Recorded) -> Iterator[DecisionExplaining[Recollection]]:
    """What explains, with the private key, from the files that the server left."""
    settings = settings_from({})
    history = BundleCache(bundles_in(settings.data_dir))
    holder = PolicyHolder(history, compile_here)
    holder.publish(recorded.policy)
    telemetry = open_telemetry(settings, "explain")
    opener = RecordedSealOpener(read_private_key(home / "legal"), telemetry)
    records = KeptRecords(journal_in(settings.data_dir))
    yield DecisionExplaining(records, holder, opener)
    telemetry.close()


def test_a_thousand_decisions_come_out_as_they_were_recorded(
    recorded: Recorded, explaining: DecisionExplaining[Recollection]
) -> None:
    """All but those that turned on a birthday of the very day; sealed ones are opened."""
    outcomes: Counter[str] = Counter()
    asked = zip(recorded.identities, recorded.effects, strict=True)
    for number, (identity, effect) in enumerate(asked):
        most_close = 3 * (number % 10 == 0)
        explained = explaining.explain(identity, most_close=most_close, reader="test")
        assert explained.differences == (), identity
        if explained.why is not None:
            assert explained.why is NotRecomputed.BIRTHDAY, explained.because
            outcomes["birthday"] += 1
            continue
        assert explained.answer is not None
        assert explained.answer.record.decision.effect.name == _name(effect)
        outcomes["sealed" if explained.recorded.sealed_to else "clear"] += 1
        outcomes[_name(effect)] += 1
        outcomes["close"] += bool(explained.answer.close)
    assert len(set(recorded.identities)) == ROUNDS * BATCH == 1000
    assert outcomes["birthday"] < 20
    assert min(outcomes["sealed"], outcomes["clear"]) > 100
    assert outcomes["close"] > 10
    assert min(outcomes["ALLOW"], outcomes["DENY"]) > 50


def _name(effect: int) -> str:
    """Return the name of an effect of the contract, as the domain has it."""
    return _EFFECT.values_by_number[effect].name.removeprefix("EFFECT_")


_EFFECT = eligibility_service_pb2.CheckEligibilityResponse.DESCRIPTOR.fields_by_name[
    "effect"
].enum_type


def test_the_server_tells_the_same_while_it_serves(recorded: Recorded) -> None:
    """Of decisions that it recorded a moment before; it has no key that opens."""
    same, sealed = (
        decision_service_pb2.RECOMPUTATION_SAME,
        decision_service_pb2.RECOMPUTATION_SEALED,
    )
    counted = Counter(found.recomputation for found in recorded.live)
    assert len(recorded.live) == ASKED_LIVE
    assert counted.keys() == {same, sealed}


def test_each_altered_answer_is_found(
    recorded: Recorded, explaining: DecisionExplaining[Recollection], tmp_path: Path
) -> None:
    """In a journal whose records say another effect than was answered."""
    altered = rewritten(tmp_path / "journal", set(recorded.identities[::20]))
    explaining = DecisionExplaining(
        KeptRecords(tmp_path / "journal"), explaining.revisions, explaining.opener
    )
    found = 0
    for identity in altered:
        explained = explaining.explain(identity, most_close=0, reader="test")
        if explained.why is not NotRecomputed.BIRTHDAY:
            names = {difference.name for difference in explained.differences}
            assert names == {"comity.decision.effect"}, explained.because
            found += 1
    assert found > 40


def rewritten(place: Path, identities: set[str]) -> set[str]:
    """Write a journal with these decisions, each with another effect; return them."""
    written = set()
    with Journal(options_in(place)) as journal:
        for segment in segments_in(journal_in(settings_from({}).data_dir)):
            for frame in read_segment(segment):
                span = Span.FromString(frame.span)
                identity = f"{span.trace_id.hex()}-{span.span_id.hex()}"
                if identity in identities:
                    for pair in span.attributes:
                        if pair.key == "comity.decision.effect":
                            other = "allow" if pair.value.string_value == "deny" else "deny"
                            pair.value.string_value = other
                    journal.append(span.SerializeToString())
                    written.add(identity)
    assert written == identities
    return written
