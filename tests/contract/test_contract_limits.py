"""The comments of the contract and the table of limits say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import comity.v1
from comity.grpc_api.forms import FORMS, word_pattern
from comity.grpc_api.limits import LIMITS, FieldLimit
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

MESSAGES_OF_FILE = 4
FIELDS_OF_MESSAGE = 2
UNLIMITED_NUMBERS = {
    "comity.v1.Options.min_revision",
    "comity.v1.WatchRequest.after_epoch",
}


def contract_files() -> list[FileDescriptorProto]:
    """Return the files of the contract with their comments."""
    path = Path(comity.v1.__file__).parent / "descriptor.binpb"
    image = FileDescriptorSet.FromString(path.read_bytes())
    return [file for file in image.file if file.package == "comity.v1"]


def commented_fields() -> Iterator[tuple[str, FieldDescriptorProto, str]]:
    """Yield every field of the contract by full name, with its comment."""
    for file in contract_files():
        comments = {tuple(at.path): at.leading_comments for at in file.source_code_info.location}
        for m, message in enumerate(file.message_type):
            for f, field in enumerate(message.field):
                path = (MESSAGES_OF_FILE, m, FIELDS_OF_MESSAGE, f)
                yield f"comity.v1.{message.name}.{field.name}", field, comments.get(path, "")


def requests_reach() -> set[str]:
    """Return the full names of the messages that a request may hold."""
    messages: dict[str, DescriptorProto] = {}
    todo: list[str] = []
    for file in contract_files():
        messages.update({f".comity.v1.{m.name}": m for m in file.message_type})
        todo += [method.input_type for service in file.service for method in service.method]
    found: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in found and name in messages:
            found.add(name)
            todo += [field.type_name for field in messages[name].field if field.type_name]
    return {name.removeprefix(".") for name in found}


def stated_limit(comment: str) -> FieldLimit:
    """Return what the fixed sentences of a comment say."""

    def number(expression: str) -> int | None:
        found = re.search(expression, comment, re.MULTILINE)
        return None if found is None else int(found.group(1))

    pattern = re.search(r"^ ?Pattern: (\S.*)$", comment, re.MULTILINE)
    return FieldLimit(
        required=re.search(r"^ ?Required\.$", comment, re.MULTILINE) is not None,
        most_characters=number(r"^ ?Limit: at most (\d+) characters\.$"),
        most_entries=number(r"^ ?Limit: at most (\d+) entries\.$"),
        pattern=None if pattern is None else pattern.group(1),
        least=number(r"^ ?Range: (\d+) to \d+\.$"),
        most=number(r"^ ?Range: \d+ to (\d+)\.$"),
    )


def test_the_table_says_what_the_comments_say() -> None:
    """Every limit of a comment is in the table, and nothing else is."""
    stated = {name: stated_limit(comment) for name, _, comment in commented_fields()}
    assert {name: limit for name, limit in stated.items() if limit != FieldLimit()} == dict(LIMITS)


def test_no_limit_is_misspelt() -> None:
    """A comment that begins a line like a limit is read as one."""
    words = re.compile(r"^ ?(Limit|Range|Pattern|Required)\b", re.MULTILINE)
    for name, _, comment in commented_fields():
        limit = stated_limit(comment)
        read = [limit.most_characters, limit.most_entries, limit.pattern, limit.most]
        assert len(words.findall(comment)) == sum(x is not None for x in read) + limit.required, (
            name
        )


def test_every_list_text_and_number_of_a_request_is_limited() -> None:
    """No request can hold a list, text or number without bounds."""
    reached = requests_reach()
    assert "comity.v1.Connection" in reached
    for name, field, _ in commented_fields():
        if name.rpartition(".")[0] not in reached:
            continue
        limit = LIMITS.get(name, FieldLimit())
        if field.label == FieldDescriptorProto.LABEL_REPEATED:
            assert limit.most_entries is not None, name
        if field.type == FieldDescriptorProto.TYPE_STRING:
            assert limit.most_characters is not None, name
        if field.type in (FieldDescriptorProto.TYPE_UINT32, FieldDescriptorProto.TYPE_UINT64):
            assert limit.most is not None or name in UNLIMITED_NUMBERS, name


def test_limits_stand_only_on_fields_of_requests() -> None:
    """The server enforces limits on requests, so no reply states one."""
    assert {name.rpartition(".")[0] for name in LIMITS} <= requests_reach()


def examples_in(words: str) -> list[str]:
    """Return the examples that a wording gives."""
    return [
        example
        for pair in re.findall(r"such as (\S+?)(?: or ([A-Z-]+))?(?=[,;]|$)", words)
        for example in pair
        if example
    ]


def test_every_pattern_of_a_comment_is_put_into_words() -> None:
    """Each with examples that it allows; no wording is kept for a pattern that is gone."""
    stated = {stated_limit(comment).pattern for _, _, comment in commented_fields()} - {None}
    plain = {pattern for pattern in stated if re.fullmatch(r"[a-z_|]+", str(pattern))}
    assert stated - plain == set(FORMS)
    for pattern in map(str, stated - plain):
        examples = examples_in(word_pattern(pattern))
        assert examples, pattern
        assert all(re.fullmatch(pattern, example) for example in examples), pattern
    for pattern in map(str, plain):
        assert word_pattern(pattern) == f"must be one of {pattern.replace('|', ', ')}"


def test_what_a_wording_excludes_the_pattern_excludes() -> None:
    """The words are narrower than anything goes."""
    wrong = {
        "[a-z][a-z0-9_]*": ("Works", "1st", "works for", ""),
        "[A-Z]{2}(-[A-Z0-9]{1,3})?|[a-z][a-z0-9_]*": ("Poland", "US-", "EU-Commission", "POL"),
        "[A-Z]{2,3}(-[A-Z0-9]{1,3})?|[a-z][a-z0-9_]*": ("Poland", "US-", "EEAX"),
        "[A-Z]{2}|[a-z][a-z0-9_]*": ("Poland", "US-TX", "POL"),
        "[A-Z]{2}": ("pl", "POL", "P1"),
        "[!-~]+": ("a b", "ä", ""),
        "[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*": ("english", "en_GB", "e"),
        r"\+[1-9][0-9]{6,14}": ("0441632960961", "+041632960961", "+123456", "+1 234 567 890"),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}": ("01-02-2001", "2001-2-3", "20010203"),
        "[a-z0-9][a-z0-9_-]*(#[A-Za-z0-9_-]+)?": ("UA-1", "eu-consent#", "-a"),
        "[0-9a-f]{32}-[0-9a-f]{16}": ("0" * 49, f"{'0' * 32}-{'A' * 16}"),
    }
    assert wrong.keys() == FORMS.keys()
    for pattern, values in wrong.items():
        assert not any(re.fullmatch(pattern, value) for value in values), pattern
