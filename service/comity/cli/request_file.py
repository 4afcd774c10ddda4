"""Messages of the contract from YAML: keys are field names, values are texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import yaml
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from comity.cli.asking import instant_of
from comity.cli.failure import CommandError, Exit

if TYPE_CHECKING:
    from google._upb._message import FieldDescriptor as NativeFieldDescriptor  # what lists give

    AnyField = FieldDescriptor | NativeFieldDescriptor

_TRUE: Final = frozenset({"true", "yes"})
_FALSE: Final = frozenset({"false", "no"})
# A message that is given as one text has that text in this field.
_MAIN_FIELDS: Final = {"comity.v1.RequestedData": "category", "comity.v1.Emergency": "danger"}
_NUMBERS: Final = frozenset({FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_UINT64})


class _MistakeError(Exception):
    """Something in the file has no place in the message."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path or 'the request'}: {why}")


def read_yaml(text: str, name: str) -> dict[str, Any]:
    """Return the mapping in a YAML file called `name`, every scalar as the text that it is.

    Raises:
        CommandError: it is no YAML, or no mapping.
    """
    try:
        # Plain texts stay texts: NO is Norway, and a date is what is written.
        loaded = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - makes texts, lists and mappings
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        why = getattr(error, "problem", None) or "can't be read"
        raise CommandError(Exit.MISUSED, f"{place}: no YAML: {why}") from error
    if not isinstance(loaded, dict):
        raise CommandError(Exit.MISUSED, f"{name}: must be a mapping of fields to values")
    return loaded


def fill(message: Message, given: Mapping[str, Any]) -> None:
    """Set the fields of `message` that `given` names.

    Enum values may be written short: `suspect` for `PERSON_ROLE_SUSPECT`.

    Raises:
        CommandError: something has no place in the message; it tells of everything.
    """
    mistakes = [str(mistake) for mistake in _fill(message, given, "")]
    if mistakes:
        raise CommandError(Exit.MISUSED, "the request is not in order:", mistakes)


def _fill(message: Message, given: object, path: str) -> Iterator[_MistakeError]:
    """Set the fields of `message`; yield what has no place in it."""
    main = _MAIN_FIELDS.get(message.DESCRIPTOR.full_name)
    if isinstance(given, str) and main:
        given = {main: given}
    if not isinstance(given, Mapping):
        yield _MistakeError(path, "must be a mapping of fields to values")
        return
    fields = {field.name: field for field in message.DESCRIPTOR.fields}
    for key, value in given.items():
        where = f"{path}.{key}" if path else str(key)
        if key not in fields:
            close = get_close_matches(str(key), fields, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            yield _MistakeError(where, f"there is no such field{hint}")
            continue
        try:
            yield from _set(message, fields[key], value, where)
        except _MistakeError as mistake:
            yield mistake
        except ValueError:  # such as bytes of the command line that are no UTF-8
            yield _MistakeError(where, "is no value for it")


def _set(message: Message, field: AnyField, value: object, where: str) -> Iterator[_MistakeError]:
    """Set one field.

    Raises:
        _MistakeError: the value is none for it.
    """
    if field.is_repeated:
        entries = [value] if isinstance(value, str | Mapping) else value
        if not isinstance(entries, Sequence):
            raise _MistakeError(where, "must be a list")
        target = getattr(message, field.name)
        del target[:]
        for index, entry in enumerate(entries):
            place = f"{where}[{index}]"
            if field.message_type is None:
                target.append(_scalar(field, entry, place))
            else:
                yield from _fill(target.add(), entry, place)
    elif field.message_type is None:
        setattr(message, field.name, _scalar(field, value, where))
    else:
        inner = getattr(message, field.name)
        inner.SetInParent()
        if isinstance(inner, Timestamp):
            inner.FromDatetime(_instant(value, where))
        else:
            yield from _fill(inner, value, where)


def _instant(value: object, where: str) -> Any:  # noqa: ANN401 - a datetime, checked there
    """Return the instant that a text names.

    Raises:
        CommandError: it names none.
    """
    if not isinstance(value, str):
        raise _MistakeError(where, "must be an instant")
    try:
        return instant_of(where, value)
    except CommandError as error:
        raise _MistakeError(where, str(error).removeprefix(f"{where}: ")) from error


def _scalar(field: AnyField, value: object, where: str) -> str | bool | int:
    """Return the value that a text names for a field without fields of its own.

    Raises:
        _MistakeError: it names none.
    """
    if not isinstance(value, str):
        raise _MistakeError(where, "must be one value")
    if field.enum_type is not None:
        numbers = field.enum_type.values_by_name
        prefix = field.enum_type.values_by_number[0].name.removesuffix("UNSPECIFIED")
        found = numbers.get(value) or numbers.get(prefix + value.upper())
        if found is None:
            words = (n.removeprefix(prefix).lower() for n, v in numbers.items() if v.number)
            raise _MistakeError(where, f"must be one of {', '.join(words)}")
        return int(found.number)
    if field.type == FieldDescriptor.TYPE_BOOL:
        if value.lower() not in _TRUE | _FALSE:
            raise _MistakeError(where, "must be true or false")
        return value.lower() in _TRUE
    if field.type in _NUMBERS:
        if not (value.isascii() and value.isdigit() and int(value) < 1 << 32):
            raise _MistakeError(where, "must be a whole number")
        return int(value)
    return value
