"""What every document shares: strict keys, values in their types, humane refusals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from comity.policy.documents.refusals import Refusal, explain, refusal_of
from comity.policy.problems import MOST_PROBLEMS
from comity.policy.scalars import (
    Day,
    DayRange,
    Duration,
    Hours,
    Instant,
    Moment,
    Refused,
    parse_day,
    parse_day_range,
    parse_duration,
    parse_hours,
    parse_instant,
    parse_moment,
    parse_weekdays,
)
from comity.policy.zone_names import parse_zone


@dataclass(slots=True)
class Patience:
    """Ends the reading of a file in which too much is wrong.

    Attributes:
        refused: how many mappings have been refused so far.
    """

    refused: int = 0


class Document(BaseModel):
    """A mapping of a policy file: no key but its own, no value but of its type, never changed.

    Attributes:
        REFUSED_KEYS: keys that a wider mapping has and this one can't, with the reason.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    REFUSED_KEYS: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def faults(self) -> Iterable[Refused]:
        """Return what is wrong between the values, each of which is right by itself."""
        return ()

    @model_validator(mode="wrap")
    @classmethod
    def _explain(
        cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        """Validate, and say in words what is refused, while the allowed keys are known."""
        patience = info.context if isinstance(info.context, Patience) else Patience()
        if patience.refused >= MOST_PROBLEMS:
            return cls.model_construct()  # what holds it holds refused documents too
        refusals: list[Refusal] = []
        if cls.REFUSED_KEYS and isinstance(data, dict):
            refusals.extend(
                Refusal((key,), "CP207", f"'{key}' {cls.REFUSED_KEYS[key]}.", of_key=True)
                for key in data
                if key in cls.REFUSED_KEYS
            )
        try:
            document = handler(data)
        except ValidationError as error:
            allowed = cls.keys() - cls.REFUSED_KEYS.keys()
            errors = islice(error.errors(include_url=False), MOST_PROBLEMS)
            refusals.extend(explain(each, allowed) for each in errors)
        else:
            refusals.extend(map(refusal_of, document.faults()))
        if refusals:
            patience.refused += 1
            details = [refusal.to_details() for refusal in refusals]
            raise ValidationError.from_exception_data(cls.__name__, details)
        return document

    @classmethod
    def keys(cls) -> frozenset[str]:
        """Return the keys as files write them."""
        fields = cls.model_fields.items()
        return frozenset(field.alias or name for name, field in fields)


T = TypeVar("T")


def _as_tuple(value: Any) -> Any:
    """Return a single value as a list of one: one value needs no brackets."""
    return value if isinstance(value, tuple) else (value,)


OneOrMany = Annotated[tuple[T, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
Many = Annotated[tuple[T, ...], BeforeValidator(_as_tuple)]

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_RULE_ID: Final = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")
_CODE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?|EEA|[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
_URL: Final = re.compile(r"https?://[^\s]+")


def is_name(value: str) -> bool:
    """Return whether `value` is a lower_snake name."""
    return _NAME.fullmatch(value) is not None


def _check_name(value: str) -> str:
    """Return `value` if it is a lower_snake name."""
    if not is_name(value):
        snake = re.sub(r"[^a-z0-9]+", "_", value.lower()).strip("_")
        message = f"'{value}' is no name: only small letters, digits and underscores."
        raise Refused("CP210", message, snake if is_name(snake) else None)
    return value


def _check_rule_id(value: str) -> str:
    """Return `value` if it is an id: small letters, digits and single hyphens."""
    if not _RULE_ID.fullmatch(value):
        kebab = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")
        message = f"'{value}' is no id: only small letters, digits and hyphens."
        raise Refused("CP210", message, kebab if _RULE_ID.fullmatch(kebab) else None)
    return value


def _check_code(value: str) -> str:
    """Return `value` if it is written as a code or a name; whether it exists is checked later."""
    if not _CODE.fullmatch(value):
        upper = value.upper().replace("_", "-")
        message = f"'{value}' is no code: write FR, UA-43, EU or a name such as eu_commission."
        raise Refused("CP307", message, upper if _CODE.fullmatch(upper) else None)
    return value


def _check_text(value: Mapping[str, str]) -> Mapping[str, str]:
    """Return a text by language if English is among the languages."""
    for language in value:
        if not _LANGUAGE.fullmatch(language):
            message = f"'{language}' is no language; write a code such as en or uk."
            raise Refused("CP204", message, key=language)
    if "en" not in value:
        raise Refused("CP211", "The text has no English version; add `en`.")
    return value


def _check_url(value: str) -> str:
    """Return `value` if it is a web address."""
    if not _URL.fullmatch(value):
        suggestion = f"https://{value}" if _URL.fullmatch(f"https://{value}") else None
        message = f"'{value}' is no web address with https:// or http://."
        raise Refused("CP312", message, suggestion)
    return value


Line = Annotated[str, Field(min_length=1)]
Name = Annotated[str, AfterValidator(_check_name)]
RuleId = Annotated[str, AfterValidator(_check_rule_id)]
Code = Annotated[str, AfterValidator(_check_code)]
Text = Annotated[Mapping[str, Line], AfterValidator(_check_text)]
Url = Annotated[str, AfterValidator(_check_url)]
Zone = Annotated[str, PlainValidator(parse_zone)]
DayValue = Annotated[Day, PlainValidator(parse_day)]
InstantValue = Annotated[Instant, PlainValidator(parse_instant)]
MomentValue = Annotated[Moment, PlainValidator(parse_moment)]
DurationValue = Annotated[Duration, PlainValidator(parse_duration)]
HoursValue = Annotated[Hours, PlainValidator(parse_hours)]
DayRangeValue = Annotated[DayRange, PlainValidator(parse_day_range)]
Weekdays = Annotated[tuple[int, ...], PlainValidator(parse_weekdays)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Years = Annotated[int, Field(ge=0, le=150)]

Factor = Literal[
    "presence",
    "phone_country",
    "residence",
    "nationality",
    "works_for",
    "store_country",
    "network",
]
System = Literal["EU", "US", "UK", "IN"]


class _Choice(Discriminator):
    """A discriminator that can stand in a union with None, which hashes what it holds."""

    __hash__ = object.__hash__


def choice(known: str, choose: Any) -> Discriminator:
    """Return what picks the form of a value by `choose`; `known` are the words it may begin with.

    `choose` takes the value and returns the tag of its form, or None if it has none.
    """
    return _Choice(
        choose,
        custom_error_type="CP204",
        custom_error_message="{known}",
        custom_error_context={"known": known},
    )
