"""What a rule does: the effects, and what it asks while facts are unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Tag

from comity.policy.documents.base import Document, DurationValue, Factor, Name, OneOrMany, choice
from comity.policy.scalars import Refused


class RestrictEffect(Document):
    """A feature is taken away, or limited.

    Attributes:
        restrict: feature of the vocabulary.
        at_most: use allowed in each period; None takes the feature away.
        per: the period.
        each: what the use is counted for.
        adjustable_by: who may change the limit.
    """

    restrict: Name
    at_most: DurationValue | None = None
    per: Literal["day", "week", "month"] | None = None
    each: Literal["product", "account"] | None = None
    adjustable_by: Name | None = None

    def faults(self) -> Iterable[Refused]:
        """Return that a limit has no period, or that a period limits nothing."""
        if self.at_most is not None and self.per is None:
            yield Refused("CP201", "'per' is missing: a limit needs its period.")
        if self.at_most is None:
            for key in ("per", "each", "adjustable_by"):
                if getattr(self, key) is not None:
                    yield Refused("CP207", f"'{key}' needs a limit, `at_most`.", key=key)


class VerifyEffect(Document):
    """The account must pass a verification.

    Attributes:
        verify: method of the vocabulary.
    """

    verify: Name


class WarnEffect(Document):
    """The user is shown a notice.

    Attributes:
        warn: notice of the vocabulary.
    """

    warn: Name


class WithholdEffect(Document):
    """Content is not shown to the viewer.

    Attributes:
        withhold: what is withheld.
        follows: what else the withholding follows.
    """

    withhold: Literal["item", "message", "channel", "author", "search_term"]
    follows: OneOrMany[Literal["reposts", "copies", "mirrors"]] = ("reposts",)


class HoldEffect(Document):
    """Content waits, unseen, until a person has decided.

    Attributes:
        hold: what waits.
    """

    hold: Literal["item"]


class RequireEffect(Document):
    """A duty to carry or to disclose, which may clash with a prohibition.

    Attributes:
        require: what is demanded.
    """

    require: Literal["carry", "disclose"]


_FORMS = ("restrict", "verify", "warn", "withhold", "hold", "require")


def _choose_effect(value: Any) -> str | None:
    """Return the form of an effect."""
    if value == "deny":
        return "<deny>"
    if isinstance(value, dict):
        return next((f"<{form}>" for form in _FORMS if form in value), None)
    return None


EffectValue = Annotated[
    Annotated[Literal["deny"], Tag("<deny>")]
    | Annotated[RestrictEffect, Tag("<restrict>")]
    | Annotated[VerifyEffect, Tag("<verify>")]
    | Annotated[WarnEffect, Tag("<warn>")]
    | Annotated[WithholdEffect, Tag("<withhold>")]
    | Annotated[HoldEffect, Tag("<hold>")]
    | Annotated[RequireEffect, Tag("<require>")],
    choice(" ".join(("deny", *_FORMS)), _choose_effect),
]


def _choose_reaction(value: Any) -> str | None:
    """Return the form of what is asked while a fact is unknown."""
    if value in ("as_matched", "as_unmatched"):
        return "<word>"
    if isinstance(value, dict):
        return next((f"<{form}>" for form in ("verify", "warn") if form in value), None)
    return None


Reaction = Annotated[
    Annotated[Literal["as_matched", "as_unmatched"], Tag("<word>")]
    | Annotated[VerifyEffect, Tag("<verify>")]
    | Annotated[WarnEffect, Tag("<warn>")],
    choice("as_matched as_unmatched verify warn", _choose_reaction),
]

UnknownFact = Literal[
    "action", "product", "device", "purpose", "item", "label", "age", "account_created",
    "population", "place", "trust", "connection", "other",
    Factor,
]  # fmt: skip


def _per_fact(value: Any) -> Any:
    """Return what is asked for each unknown fact; a single demand counts for all."""
    if isinstance(value, dict) and not {"verify", "warn"} & value.keys():
        if "other" not in value:
            raise Refused("CP201", "'other' is missing: say what counts for the other facts.")
        return value
    return {"other": value}


# Unknown fact -> what is asked; `other` is always a key.
WhenUnknown = Annotated[Mapping[UnknownFact, Reaction], BeforeValidator(_per_fact)]
