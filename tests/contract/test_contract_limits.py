"""The comments of the contract and the table of limits say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import comity.v1
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
