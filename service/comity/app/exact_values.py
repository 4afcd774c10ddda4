"""Domain values as JSON and back: what is recorded of a question so that it can be asked again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Plain = None | bool | int | str | list["Plain"] | dict[str, "Plain"]
T = TypeVar("T")


class ExactValueError(ValueError):
    """What was recorded is not a value of the type asked for."""


def to_plain(value: object) -> Plain:
    """Return a frozen value as JSON has it; attributes with their default are left out.

    Raises:
        TypeError: a type that recorded questions don't have, such as a date of birth.
    """
    match value:
        case Enum():
            return str(value.value)
        case None | bool() | int() | str():
            return value
        case datetime():
            return value.isoformat()
        case frozenset():
            return sorted(map(to_plain, value), key=repr)
        case tuple():
            return [to_plain(member) for member in value]
        case Mapping():
            return {str(key): to_plain(member) for key, member in value.items()}
    plain: dict[str, Plain] = {}
    kind: type = type(value)
    for name, default in defaults_of(kind):
        member = getattr(value, name)
        if member != default:
            plain[name] = to_plain(member)
    return plain


@cache
def defaults_of(kind: type) -> tuple[tuple[str, object], ...]:
    """Return each attribute of a dataclass with its default.

    Raises:
        TypeError: it is no dataclass.
    """
    if not is_dataclass(kind):
        message = f"{kind.__qualname__} is not recorded"
        raise TypeError(message)
    return tuple((one.name, _default(one)) for one in fields(kind))


def from_plain(kind: type[T], plain: object) -> T:
    """Return the value of type `kind` that `to_plain` made `plain` of.

    Raises:
        ExactValueError: it made none of this type so.
    """
    try:
        found: T = _value(kind, plain)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"what was recorded is no {kind.__qualname__}"
        raise ExactValueError(message) from error
    return found


def _value(kind: Any, plain: Any) -> Any:  # noqa: ANN401 - of whatever type `kind` says
    """Return the value of `kind` that `plain` stands for."""
    origin, parts = get_origin(kind), get_args(kind)
    if isinstance(kind, UnionType):
        # Ours are of one type and None; of an age, the one real union, only None is recorded.
        return (
            None if plain is None else _value(_only(p for p in parts if p is not NoneType), plain)
        )
    if origin is frozenset:
        return frozenset(_value(parts[0], member) for member in plain)
    if origin is tuple:
        return tuple(_value(parts[0], member) for member in plain)
    if origin is not None:
        return {key: _value(parts[1], member) for key, member in plain.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _value(hints[name], member) for name, member in plain.items()})
    if kind is datetime:
        return _aware(datetime.fromisoformat(plain))
    if issubclass(kind, Enum):
        return kind(plain)
    if not isinstance(plain, kind):
        raise TypeError
    return plain


def _aware(instant: datetime) -> datetime:
    """Return `instant`.

    Raises:
        ValueError: it says nothing of its offset from UTC, as no instant of ours.
    """
    if instant.tzinfo is None:
        raise ValueError
    return instant


def _only(kinds: Iterable[object]) -> object:
    """Return the one of `kinds`.

    Raises:
        ValueError: there are several.
    """
    (kind,) = kinds
    return kind


@lru_cache
def _hints(kind: type) -> Mapping[str, object]:
    """Return the types of the attributes of a dataclass."""
    return get_type_hints(kind)


def _default(one: Field[Any]) -> object:
    """Return the default of an attribute; `MISSING` if it has none."""
    if one.default_factory is not MISSING:
        return one.default_factory()
    return one.default
