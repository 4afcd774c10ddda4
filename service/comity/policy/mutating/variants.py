"""Small changes of what a file says: parts left out, members of lists removed, lengths moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from comity.policy.documents.base import Document
from comity.policy.scalars import Duration
from comity.policy.yaml_nodes import Loc

# What tells of a rule, or what it is; and what is only told in words.
UNCHANGED: Final = frozenset(
    {
        "id", "title", "authority", "source", "recorded_at", "in_force", "suspended", "review_by",
        "note", "history", "confidence", "apply_unverified", "confidential",
        "instrument", "system", "code", "meets", "category",
        "grounds", "not_grounds", "form", "suspends",
    }
)  # fmt: skip
# Class -> keys that have a meaning there, though not elsewhere.
MEANT: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "OffenceTest": frozenset({"category"}),
        "ProfileTest": frozenset({"category"}),
        "CheckCondition": frozenset({"instrument"}),
    }
)


@dataclass(frozen=True, slots=True)
class Variant:
    """A mapping of a file, changed in one place.

    Attributes:
        loc: where it is changed, from the mapping on.
        words: what is changed there, in words.
        document: the mapping as changed.
    """

    loc: Loc
    words: str
    document: Any

    def __str__(self) -> str:
        """Return the change with its path."""
        path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in self.loc)
        return f"`{path.removeprefix('.')}` {self.words}"


def variants_of(document: Document, only: frozenset[str] | None = None) -> Iterator[Variant]:
    """Yield every small change of what `document` says that leaves it well formed.

    `only` names the keys that are changed; None for all.
    """
    meant = MEANT.get(type(document).__name__, frozenset())
    said = document.model_fields_set - (UNCHANGED - meant)
    for name, field in type(document).model_fields.items():
        if name not in (said if only is None else said & only):
            continue
        value, key = getattr(document, name), field.alias or name
        found = [*_of_value(value)]
        if not field.is_required() and not isinstance(value, bool):
            default = field.get_default(call_default_factory=True)
            found += [Variant((), "left out", default)] if value != default else []
        for variant in found:
            changed = document.model_copy(update={name: variant.document})
            if not any(changed.faults()):
                yield replace(variant, loc=(key, *variant.loc), document=changed)


def _of_value(value: Any) -> Iterator[Variant]:  # noqa: ANN401 - any value of a document
    """Yield every small change of one value of a mapping."""
    match value:
        case bool():
            yield Variant((), f"is {str(not value).lower()}", not value)
        case Duration():
            yield from (Variant((), f"{value.text} is {o.text}", o) for o in lengths_beside(value))
        case Document():
            yield from variants_of(value)
        case tuple():
            yield from _of_list(value)
        case Mapping():
            yield from _of_mapping(value)
        case _:
            return


def lengths_beside(length: Duration) -> Iterator[Duration]:
    """Yield a length of time by one unit shorter, unless nothing is left, and longer."""
    for amount in (length.amount - 1, length.amount + 1):
        if amount:
            yield Duration(f"{amount} {length.unit.value}", amount, length.unit)


def _of_list(values: tuple[Any, ...]) -> Iterator[Variant]:
    """Yield each member of a list removed, unless it is the only one, and each one changed."""
    for number, value in enumerate(values):
        before, after = values[:number], values[number + 1 :]
        if len(values) > 1:
            words = "removed" if isinstance(value, Document) else f"{value} removed"
            yield Variant((number,), words, (*before, *after))
        for variant in _of_value(value):
            changed = (*before, variant.document, *after)
            yield replace(variant, loc=(number, *variant.loc), document=changed)


def _of_mapping(values: Mapping[str, Any]) -> Iterator[Variant]:
    """Yield each entry of a mapping removed, and each one changed."""
    for name, value in values.items():
        yield Variant((name,), "left out", {n: v for n, v in values.items() if n != name})
        for variant in _of_value(value):
            changed = {**values, name: variant.document}
            yield replace(variant, loc=(name, *variant.loc), document=changed)
