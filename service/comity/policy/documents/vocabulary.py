"""File `vocabulary.yaml`: the closed sets of names that rules and questions use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, Tag

from comity.policy.documents.base import (
    Code,
    Document,
    Factor,
    MomentValue,
    Name,
    OneOrMany,
    System,
    Text,
    choice,
)
from comity.policy.scalars import Refused


class Term(Document):
    """A name of the vocabulary.

    Attributes:
        kind_of: name of the same block of which it is a kind.
        sensitive: whether traces seal it.
        text: language -> what it is called for people.
    """

    kind_of: OneOrMany[Name] = ()
    sensitive: bool = False
    text: Text | None = None


class LabelTerm(Term):
    """A label that an account can hold.

    Attributes:
        granted_by: codes whose authorities grant it, or `any`.
    """

    granted_by: OneOrMany[Code]


class ItemTerm(Term):
    """A class of items.

    Attributes:
        list: name of the list whose entries are of the class.
    """

    list: Name | None = None


class ActionTerm(Term):
    """Something that an account can do.

    Attributes:
        never_deny: whether no rule may deny it.
    """

    never_deny: bool = False


class FeatureTerm(Term):
    """A feature that can be taken away.

    Attributes:
        actions: actions that use it.
    """

    actions: OneOrMany[Name]


class MethodTerm(Term):
    """A method of verification.

    Attributes:
        settles: the unknown facts that it settles, by dimension or factor; `connected_by` for
            whether there is a connection at all.
        satisfied_by: label that shows that it was passed; an exception by itself.
    """

    settles: OneOrMany[Name]
    satisfied_by: Name | None = None


class NoticeTerm(Term):
    """A notice that is shown to users.

    Attributes:
        text: language -> the notice.
    """

    text: Text


class DatedKindValue(Document):
    """A kind of a product, for some rules or for some time.

    Attributes:
        kind: the kind.
        whose: key `in`: code of the file whose rules see it so; None for all.
        start: key `from`: first moment.
        until: first moment out.
    """

    kind: Name
    whose: Code | None = Field(default=None, alias="in")
    start: MomentValue | None = Field(default=None, alias="from")
    until: MomentValue | None = None


def _choose_kind(value: Any) -> str | None:
    """Return the form of a kind."""
    if isinstance(value, str):
        return "<name>"
    return "<dated>" if isinstance(value, dict) else None


KindValue = Annotated[
    Annotated[Name, Tag("<name>")] | Annotated[DatedKindValue, Tag("<dated>")],
    choice("kind", _choose_kind),
]


class ProductTerm(Term):
    """A product, or a kind of products.

    Attributes:
        kinds: kinds that it belongs to.
    """

    kinds: OneOrMany[KindValue] = ()


class DataCategoryTerm(Term):
    """A category of data.

    Attributes:
        eu, us, uk, in_: class word of each system of law; keys EU, US, UK, IN.
    """

    eu: Name = Field(alias="EU")
    us: Name = Field(alias="US")
    uk: Name = Field(alias="UK")
    in_: Name = Field(alias="IN")

    def class_in(self, system: System) -> str:
        """Return the class word of `system`."""
        return {"EU": self.eu, "US": self.us, "UK": self.uk, "IN": self.in_}[system]


class ReportCategoryTerm(Term):
    """A category of reports.

    Attributes:
        dsa: category of the harmonised transparency report.
    """

    dsa: Name


class FactorDefinition(Document):
    """What is taken of a connecting factor when nothing is recorded.

    Attributes:
        presume: closed (no tie), open (a tie that is not known) or derived.
        derived_from: key `from`: factors to derive it from, in order of preference.
    """

    presume: Literal["closed", "open", "derived"]
    derived_from: OneOrMany[Factor] = Field(default=(), alias="from")

    def faults(self) -> Iterable[Refused]:
        """Return that a derived factor has nothing to derive from, or another one has."""
        if self.presume == "derived" and not self.derived_from:
            yield Refused("CP201", "'from' is missing: say what the factor is derived from.")
        if self.presume != "derived" and self.derived_from:
            yield Refused("CP207", "'from' stands only beside `presume: derived`.", key="from")


class IndicatorDefinition(Document):
    """A sign that leaves a factor open.

    Attributes:
        opens: the factors.
    """

    opens: OneOrMany[Factor]


_CODE_WORD: Final = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


def _check_code_word(value: str) -> str:
    """Return `value` if it is a code word: capitals, digits and underscores."""
    if not _CODE_WORD.fullmatch(value):
        upper = re.sub(r"[^A-Z0-9]+", "_", value.upper()).strip("_")
        message = f"'{value}' is no code word: only capitals, digits and underscores."
        raise Refused("CP210", message, upper if _CODE_WORD.fullmatch(upper) else None)
    return value


Presumed = Literal["none", "unknown"]
CodeWord = Annotated[str, AfterValidator(_check_code_word)]


class VocabularyFile(Document):
    """The vocabulary. Each attribute is a block of names with what is said of each."""

    populations: Mapping[Name, Term]
    devices: Mapping[Name, Term]
    purposes: Mapping[Name, Term]
    actions: Mapping[Name, ActionTerm]
    features: Mapping[Name, FeatureTerm]
    methods: Mapping[Name, MethodTerm]
    notices: Mapping[Name, NoticeTerm]
    labels: Mapping[Name, LabelTerm]
    items: Mapping[Name, ItemTerm]
    products: Mapping[Name, ProductTerm]
    authorities: Mapping[Name, Term]
    instruments: Mapping[Name, Term]
    offences: Mapping[Name, Term]
    offence_lists: Mapping[Name, ItemTerm]
    data_categories: Mapping[Name, DataCategoryTerm]
    report_categories: Mapping[Name, ReportCategoryTerm]
    needs: OneOrMany[Name]
    steps: OneOrMany[Name]
    grounds: OneOrMany[Name]
    codes: OneOrMany[CodeWord]
    events: OneOrMany[Name]
    tasks: OneOrMany[Name]
    presume: Mapping[
        Literal["population", "label", "item", "purpose", "device", "age", "account_created"],
        Name,
    ]
    connecting_factors: Mapping[Factor, FactorDefinition]
    connection_trust: Mapping[Name, Literal["low", "ordinary"]]
    indicators: Mapping[Name, IndicatorDefinition]
