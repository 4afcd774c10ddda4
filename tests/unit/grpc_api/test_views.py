"""Views tell all of a message, or are known not to."""

from __future__ import annotations

import pytest
from comity.grpc_api.views import BATCH_VIEW, QUESTION_VIEW, is_plain
from comity.v1 import common_pb2, eligibility_service_pb2, facts_pb2
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from property.choices import DrawnChoices
from property.wires import FIXED32, LENGTH, VARINT, Field, join, split, varint, written_otherwise

Question = eligibility_service_pb2.CheckEligibilityRequest
Batch = eligibility_service_pb2.BatchCheckEligibilityRequest
SUBJECT, FACTS, OPTIONS = (
    Question.DESCRIPTOR.fields_by_name[name].number for name in ("subject", "facts", "options")
)
AGE = facts_pb2.Subject.DESCRIPTOR.fields_by_name["age_at_least"].number
ACCOUNT = facts_pb2.Subject.DESCRIPTOR.fields_by_name["account_id"].number

QUESTION = Question(
    subject=facts_pb2.Subject(account_id="a", age_at_least=14),
    facts=facts_pb2.Facts(action="call", product="telegram", purposes=["work"]),
    options=common_pb2.Options(view=common_pb2.VIEW_USER, language="uk"),
)
BATCH = Batch(
    items=[
        eligibility_service_pb2.BatchCheckEligibilityItem(
            subject=QUESTION.subject, facts=QUESTION.facts
        ),
        eligibility_service_pb2.BatchCheckEligibilityItem(facts=QUESTION.facts),
    ],
    options=QUESTION.options,
)
OCTETS = QUESTION.SerializeToString(deterministic=True)
WHOLE = split(OCTETS)
OTHER_FACTS = facts_pb2.Facts(device="official").SerializeToString()
IN_SUBJECT = split(QUESTION.subject.SerializeToString())


def with_subject(*fields: Field) -> bytes:
    """Return the question with other fields of its subject."""
    return join([Field(SUBJECT, LENGTH, join(list(fields))), *WHOLE[1:]])


PLAIN = {
    "as we write it": OCTETS,
    "nothing": b"",
    "only facts": join(WHOLE[1:2]),
    "in another order": join(WHOLE[::-1]),
    "with a subject that says nothing": with_subject(),
    "with a field that is to come": join([*WHOLE, Field(99, LENGTH, b"new")]),
    "with one in its subject": with_subject(*IN_SUBJECT, Field(99, FIXED32, b"four")),
}
ODD = {
    "with facts in two parts": join([*WHOLE, Field(FACTS, LENGTH, OTHER_FACTS)]),
    "with options in two parts": join([*WHOLE, Field(OPTIONS, LENGTH, b"\x28\x01")]),
    "with a subject in two parts": join([*WHOLE, Field(SUBJECT, LENGTH, b"")]),
    "with facts twice": join([*WHOLE, WHOLE[1]]),
    "with empty options": join([*WHOLE[:2], Field(OPTIONS, LENGTH, b"")]),
    "with empty facts": join([WHOLE[0], Field(FACTS, LENGTH, b"")]),
    "with a long tag": join([*WHOLE[:2], Field(OPTIONS, LENGTH, WHOLE[2].value, 1)]),
    "with a long length": join([WHOLE[0], Field(FACTS, LENGTH, WHOLE[1].value, 0, 2)]),
    "with a long number": with_subject(Field(AGE, VARINT, varint(14, 1))),
    "with a number twice": with_subject(*IN_SUBJECT, IN_SUBJECT[-1]),
    "with an empty text": with_subject(Field(ACCOUNT, LENGTH, b"")),
}


@pytest.mark.parametrize("form", PLAIN)
def test_a_question_is_plain(form: str) -> None:
    """All of it is told by the view."""
    assert is_plain(QUESTION_VIEW.FromString(PLAIN[form]), PLAIN[form])


@pytest.mark.parametrize("form", ODD)
def test_an_odd_question_is_not_plain(form: str) -> None:
    """It is a question all the same, which is for the message to read."""
    assert Question.FromString(ODD[form])
    assert not is_plain(QUESTION_VIEW.FromString(ODD[form]), ODD[form])


@pytest.mark.parametrize("odd", [b"", join([Field(FACTS, LENGTH, OTHER_FACTS)] * 2)])
def test_a_batch_is_plain_if_all_its_items_are(odd: bytes) -> None:
    """One odd item makes the whole batch odd."""
    octets = BATCH.SerializeToString()
    with_odd = octets + Field(1, LENGTH, odd).encode()
    assert is_plain(BATCH_VIEW.FromString(octets), octets)
    assert is_plain(BATCH_VIEW.FromString(with_odd), with_odd) is (odd == b"")


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_a_plain_view_tells_what_the_message_does(data: st.DataObject) -> None:
    """However a question is written: the parts of a plain view are those of the message."""
    choices = DrawnChoices(data)
    octets = written_otherwise(OCTETS, Question.DESCRIPTOR, choices)
    if choices.integer(0, 1) and len(octets) > len(OCTETS) // 2:
        octets = _once_more(octets, choices)
    try:
        message = Question.FromString(octets)
    except DecodeError:
        message = None
    try:
        view = QUESTION_VIEW.FromString(octets)
        told = (
            facts_pb2.Facts.FromString(view.facts),
            common_pb2.Options.FromString(view.options),
            view.subject,
        )
    except DecodeError:
        assert message is None
        return
    if is_plain(view, octets):
        assert message is not None
        assert told == (message.facts, message.options, message.subject)


def _once_more(octets: bytes, choices: DrawnChoices) -> bytes:
    """Return a message changed in one more way, if it can still be taken apart."""
    try:
        Question.FromString(octets)
        return written_otherwise(octets, Question.DESCRIPTOR, choices)
    except (DecodeError, IndexError):
        return octets
