"""From what pydantic says of a value to what a lawyer is told."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from comity.policy.problems import closest
from comity.policy.scalars import Refused
from comity.policy.yaml_nodes import Loc

# What union members are called in `loc`; no key of a file can look so.
TAG: Final = re.compile(r"<[a-z_]+>")
# How pydantic ends the `loc` of a refused key, and what it calls a key that no field has.
_KEY: Final = "[key]"
_UNKNOWN: Final = "extra_forbidden"

_EXPECTED: Final = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "tuple_type": "a list",
    "dict_type": "a mapping of names to values",
    "mapping_type": "a mapping of names to values",
    "model_type": "a mapping of keys to values",
}
_SIZES: Final = frozenset({"too_short", "too_long", "string_too_short"})
_LIMITS: Final = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
    "less_than": ("less than", "lt"),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused value or key of a document, in words.

    Attributes:
        loc: path of keys and indexes from the document's root to what is refused.
        code: code of the problem.
        message: what is wrong.
        suggestion: what was perhaps meant.
        of_key: whether the key is at fault, not its value.
    """

    loc: Loc
    code: str
    message: str
    suggestion: str | None = None
    of_key: bool = False

    def to_details(self) -> InitErrorDetails:
        """Return the refusal as pydantic carries errors outwards."""
        context = {"message": self.message, "suggestion": self.suggestion, "of_key": self.of_key}
        error = PydanticCustomError(self.code, "{message}", context)
        return InitErrorDetails(type=error, loc=self.loc, input=None)


def refusal_of(refused: Refused, loc: Loc = ()) -> Refusal:
    """Return what `refused` says of the value at `loc`, or of a key in it."""
    of_key = refused.key is not None
    place = (*loc, refused.key) if refused.key is not None else loc
    return Refusal(place, refused.code, refused.message, refused.suggestion, of_key)


def explain(error: ErrorDetails, allowed: Collection[str] = ()) -> Refusal:
    """Return the error in words; `allowed` are the keys of the mapping in which it arose."""
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    loc = _without_tags(error["loc"], ends_in_key=kind == _UNKNOWN or context.get("of_key", False))
    if "of_key" in context:
        suggestion, of_key = context["suggestion"], context["of_key"]
        return Refusal(loc, kind, context["message"], suggestion, of_key)
    if loc and loc[-1] == _KEY and kind != _UNKNOWN:
        refusal = explain({**error, "loc": loc[:-2]})
        of = "A key of " if kind == "literal_error" else ""
        return replace(refusal, loc=loc[:-1], message=of + refusal.message, of_key=True)
    name = next((f"'{part}'" for part in reversed(loc) if isinstance(part, str)), "The value")
    if isinstance(context.get("error"), Refused):
        return refusal_of(context["error"], loc)
    if kind == "missing":
        return Refusal(loc[:-1], "CP201", f"{name} is missing.")
    if kind == _UNKNOWN:
        suggestion = closest(str(loc[-1]), allowed)
        return Refusal(loc, "CP202", f"{name} is no key that can stand here.", suggestion, True)
    if value is None:
        message = f"{name} has no value." if loc else "A value is missing here."
        return Refusal(loc, "CP209", message)
    if kind in _EXPECTED:
        return Refusal(loc, "CP203", f"{name} must be {_EXPECTED[kind]}, {_is_not(kind, value)}.")
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", context["expected"])
        return _refuse_word(loc, name, value, known)
    if kind == "CP204":
        return _refuse_word(loc, name, value, context["known"].split())
    if kind in _LIMITS:
        words, limit = _LIMITS[kind]
        return Refusal(loc, "CP206", f"{name} must be {words} {context[limit]}.")
    if kind in _SIZES:
        return Refusal(loc, "CP205", _refuse_size(name, kind, context))
    return Refusal(loc, "CP203", f"{name} can't be read here: {error['msg']}.")


def _without_tags(loc: Loc, *, ends_in_key: bool) -> Loc:
    """Return the path without names of union members; a key of a file may look like one."""
    last = len(loc) - 1 if ends_in_key else len(loc)
    return tuple(p for i, p in enumerate(loc) if i == last or not TAG.fullmatch(str(p)))


def _refuse_word(loc: Loc, name: str, value: Any, known: list[str]) -> Refusal:
    """Return the refusal of a value that is none of the `known` words."""
    listed = ", ".join(known[:-1]) + f" or {known[-1]}" if len(known) > 1 else known[0]
    if isinstance(value, dict):
        word = next(iter(value), "")
        return Refusal(loc, "CP204", f"{name} must be {listed}.", closest(word, known))
    shown = f"'{value}'" if isinstance(value, str) else _kind_of(value)
    message = f"{name} must be {listed}, not {shown}."
    return Refusal(loc, "CP204", message, closest(str(value), known))


def _refuse_size(name: str, kind: str, context: Mapping[str, Any]) -> str:
    """Return what is said of a list, mapping or text of the wrong size."""
    if kind == "too_long":
        return f"{name} holds more than {context['max_length']}."
    return (
        f"{name} holds fewer than {context['min_length']}."
        if context.get("actual_length")
        else f"{name} is empty."
    )


def _is_not(kind: str, value: Any) -> str:
    """Return what the value is, and how to make it text if it was meant as text."""
    if kind == "string_type" and isinstance(value, bool | int | float):
        return f"not {_kind_of(value)}; put it in quotes"
    if kind == "bool_type" and isinstance(value, str):
        return f"not '{value}'"
    return f"not {_kind_of(value)}"


def _kind_of(value: Any) -> str:
    """Return what a person calls the kind of `value`."""
    match value:
        case bool():
            return "true or false"
        case int():
            return "a number"
        case float():
            return "a number with a fraction"
        case str():
            return "text"
        case dict():
            return "a mapping"
        case _:
            return "a list"
