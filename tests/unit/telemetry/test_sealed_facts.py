"""Sealed facts: who can open them, and what those who can't see of them."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from comity.app.startup import StartupError
from comity.domain.facts import UnknownReason
from comity.domain.question import Connection, Question
from comity.policy.coarse_dates import NO_DATES, CoarseDates
from comity.telemetry.exact_questions import (
    exact_request,
    names_sensitive,
    question_text,
    read_question,
    with_dates,
)
from comity.telemetry.identifiers import identity_octets
from comity.telemetry.sealed_facts import (
    DATA,
    ENCAPSULATION,
    HOUR_SECONDS,
    KEY,
    Sealer,
    SealError,
    key_id,
    new_keys,
    open_seal,
    open_sealer,
    read_private_key,
    read_public_key,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from unit.telemetry.in_memory import InMemoryTelemetry, TracingSettings
from unit.telemetry.test_recorder import RECORD, ROUTE_RECORD

LEGAL = X25519PrivateKey.generate()
SPAN = b"\1" * 24
MILITARY = Question(
    "message_send",
    "telegram",
    connections=(Connection("works_for", "UA", frozenset({"military"}), source="canary"),),
)
OFFICIAL = replace(MILITARY, connections=(Connection("works_for", "UA", frozenset({"official"})),))


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """File of a public key, the private one beside it."""
    private, public, _ = new_keys()
    (tmp_path / "legal").write_bytes(private)
    (tmp_path / "legal.pub").write_bytes(public)
    return tmp_path / "legal.pub"


def test_equal_facts_cannot_be_matched() -> None:
    """Two records of the same sensitive facts share the key of the hour and nothing else."""
    sealer = Sealer(LEGAL.public_key())
    text = with_dates(question_text(MILITARY), NO_DATES)
    first, second = sealer.seal(text, SPAN), sealer.seal(text, b"\2" * 24)
    assert first[ENCAPSULATION] == second[ENCAPSULATION]
    one, other = (base64.b64decode(str(sealed[DATA])) for sealed in (first, second))
    assert len(one) == len(other)
    runs = {one[at : at + 4] for at in range(len(one) - 3)}
    assert not runs & {other[at : at + 4] for at in range(len(other) - 3)}


def test_lengths_tell_nothing_of_short_facts() -> None:
    """Whatever fits is padded to one size, what doesn't to the next."""
    sealer = Sealer(LEGAL.public_key())
    lengths = [len(str(sealer.seal("x" * n, SPAN)[DATA])) for n in (0, 9, 508, 509, 1020, 1021)]
    assert lengths[0] == lengths[1] == lengths[2] < lengths[3] == lengths[4] < lengths[5]


def test_the_holder_of_the_key_reads_them() -> None:
    """And nobody else, and only as those of their own span, unaltered."""
    sealed = Sealer(LEGAL.public_key()).seal("факты", SPAN)
    assert open_seal(LEGAL, sealed, SPAN) == "факты"
    with pytest.raises(SealError, match="sealed to key"):
        open_seal(X25519PrivateKey.generate(), sealed, SPAN)
    data = base64.b64decode(str(sealed[DATA]))
    altered = base64.b64encode(data[:-1] + bytes([data[-1] ^ 1])).decode()
    other = Sealer(LEGAL.public_key()).seal("факты", SPAN)[ENCAPSULATION]
    for attributes, bound_to in (
        (sealed, b"\2" * 24),
        ({**sealed, DATA: altered}, SPAN),
        ({**sealed, DATA: "?"}, SPAN),
        ({**sealed, DATA: ""}, SPAN),
        ({**sealed, ENCAPSULATION: other}, SPAN),
        ({**sealed, ENCAPSULATION: "AAAA"}, SPAN),
    ):
        with pytest.raises(SealError, match="altered"):
            open_seal(LEGAL, attributes, bound_to)


def test_each_hour_has_a_key_of_its_own() -> None:
    """What was sealed in the hour before can still be opened."""
    now = [0.0]
    sealer = Sealer(LEGAL.public_key(), lambda: now[0])
    sealed = []
    for moment in (0.0, HOUR_SECONDS - 1, HOUR_SECONDS, 2 * HOUR_SECONDS):
        now[0] = moment
        sealed.append(sealer.seal(str(moment), SPAN))
    keys = [one[ENCAPSULATION] for one in sealed]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert open_seal(LEGAL, sealed[0], SPAN) == "0.0"


def test_keys_are_read_from_files(key_file: Path, tmp_path: Path) -> None:
    """As PEM, the public one as hexadecimal digits too."""
    private, public = read_private_key(key_file.with_suffix("")), read_public_key(key_file)
    assert key_id(private.public_key()) == key_id(public)
    digits = tmp_path / "digits"
    digits.write_text(public.public_bytes_raw().hex() + "\n")
    assert key_id(read_public_key(digits)) == key_id(public)
    assert open_sealer(None) is None


@pytest.mark.parametrize("content", ["", "x" * 64, "-----BEGIN PUBLIC KEY-----\n"])
def test_what_is_no_key_keeps_a_server_from_starting(tmp_path: Path, content: str) -> None:
    """If sealing is configured, it is done or nothing starts."""
    path = tmp_path / "key"
    path.write_text(content)
    for read in (read_public_key, read_private_key):
        with pytest.raises(SealError, match="holds no X25519"):
            read(path)
    telemetry = InMemoryTelemetry(TracingSettings(seal_public_key=path))
    with pytest.raises(StartupError, match="seal_public_key can't be used"):
        _ = telemetry.recorder
    with pytest.raises(StartupError, match="No such file"):
        open_sealer(tmp_path / "missing")


def test_a_key_of_another_kind_is_none(key_file: Path) -> None:
    """A private key is no public one, nor the other way round."""
    with pytest.raises(SealError, match="public key"):
        read_public_key(key_file.with_suffix(""))
    with pytest.raises(SealError, match="private key"):
        read_private_key(key_file)


def test_records_seal_what_is_sensitive(key_file: Path) -> None:
    """The question of a decision, the request of a route; both alone and in batches."""
    telemetry = InMemoryTelemetry(TracingSettings(seal_public_key=key_file))
    record = replace(RECORD, question=MILITARY, dates=CoarseDates(18, 18))
    telemetry.recorder.record(record)
    with telemetry.span("call"):
        telemetry.recorder.record(replace(record, position=1))
        telemetry.recorder.record_route(ROUTE_RECORD)
    alone, item, route = telemetry.spans()
    private = read_private_key(key_file.with_suffix(""))
    for span in (alone, item, route):
        found = dict(span.attributes or {})
        assert found[KEY] == key_id(private.public_key())
        assert "comity.question" not in found
        for secret in ("military", "journalist", "canary"):
            assert secret not in span.to_json()
        assert span.context is not None
        identity = f"{span.context.trace_id:032x}-{span.context.span_id:016x}"
        kept = open_seal(private, found, identity_octets(identity))  # type: ignore[arg-type]
        assert "military" in kept
        assert "canary" not in kept
        if span is not route:
            question, dates = read_question(kept)
            assert question.connections[0].populations == {"military"}
            assert dates == CoarseDates(18, 18)


def test_without_a_key_sensitive_questions_are_not_kept() -> None:
    """Only that something was there."""
    telemetry = InMemoryTelemetry()
    telemetry.recorder.record(replace(RECORD, question=MILITARY))
    telemetry.recorder.record(replace(RECORD, dates=CoarseDates(18, 18)))
    for span in telemetry.spans():
        assert not {KEY, DATA, "comity.question"} & set(span.attributes or {})


@pytest.mark.parametrize(
    "question",
    [
        MILITARY,
        replace(
            OFFICIAL, connections=(Connection("a", "UA", populations_absent=frozenset({"spy"})),)
        ),
        replace(OFFICIAL, labels_absent=frozenset({"informant"})),
        replace(OFFICIAL, items=frozenset({"leak"})),
    ],
)
def test_what_names_anything_sensitive_is_sensitive(question: Question) -> None:
    """Present or absent."""
    assert names_sensitive(question, RECORD.sensitive)
    assert not names_sensitive(OFFICIAL, RECORD.sensitive)


def test_a_request_is_sensitive_by_person_and_offence() -> None:
    """A protected calling always is, and whether it is a child's, which tells of the age."""
    request = ROUTE_RECORD.request
    plain = replace(request, person=replace(request.person, protected_callings=frozenset()))
    assert exact_request(plain, RECORD.sensitive).sensitive
    assert not exact_request(plain, frozenset()).sensitive
    assert exact_request(plain, frozenset({("offence", "drug_trafficking")})).sensitive
    assert exact_request(request, frozenset()).sensitive
    child = replace(plain, person=replace(plain.person, child=False))
    assert exact_request(child, frozenset()).sensitive


def test_sources_that_callers_name_are_not_kept() -> None:
    """They may be free text, and change no answer."""
    unknown = replace(OFFICIAL, unknown={"age": UnknownReason.WITHHELD})
    text = question_text(replace(unknown, connections=MILITARY.connections))
    kept = with_dates(text, NO_DATES)
    question, dates = read_question(kept)
    assert question.connections[0].source == "caller"
    assert (dict(question.unknown), dates) == ({"age": UnknownReason.WITHHELD}, NO_DATES)
