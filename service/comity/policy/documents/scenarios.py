"""Files `tests/CODE_test.yaml`: questions with the answers that a lawyer expects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from comity.policy.documents.base import Document, InstantValue, Line, choice
from comity.policy.documents.expected import Answer, CaseExpectation, RouteExpectation
from comity.policy.documents.facts_given import FactsGiven
from comity.policy.documents.request_given import CaseGiven, RequestGiven
from comity.policy.scalars import Refused


class SharedGiven(FactsGiven, RequestGiven, CaseGiven):
    """What scenarios of a file share; each takes what its kind of question knows."""


class Scenario(Document):
    """What scenarios of every kind of question share.

    Attributes:
        name: what it shows, in one line.
    """

    name: Line

    def faults(self) -> Iterable[Refused]:
        """Return that not exactly one of `expect` and `timeline` is given, or two instants are."""
        expect, timeline = getattr(self, "expect", None), getattr(self, "timeline", None)
        if expect is None and timeline is None:
            yield Refused("CP201", "'expect' or 'timeline' is missing.")
        if expect is not None and timeline is not None:
            message = "'expect' and 'timeline' exclude each other."
            yield Refused("CP208", message, key="timeline")
        given = getattr(self, "given", None)
        if timeline is not None and getattr(given, "at", None) is not None:
            message = "'at' and 'timeline', whose instants are asked, exclude each other."
            yield Refused("CP208", message, key="timeline")


class FactsScenario(Scenario):
    """A question on eligibility or content.

    Attributes:
        question: its kind.
        given: its facts, over those shared.
        expect: the answer.
        timeline: instant -> the answer at it, in place of `expect`.
    """

    question: Literal["eligibility", "content"] = "eligibility"
    given: FactsGiven = FactsGiven()
    expect: Answer | None = None
    timeline: Annotated[Mapping[InstantValue, Answer], Field(min_length=1)] | None = None


class RequestScenario(Scenario):
    """A request of an authority for data.

    Attributes:
        question: its kind.
        given: the request, over what is shared.
        expect: the route.
        timeline: instant of receipt -> the route, in place of `expect`.
    """

    question: Literal["data_request"]
    given: RequestGiven = RequestGiven()
    expect: RouteExpectation | None = None
    timeline: Annotated[Mapping[InstantValue, RouteExpectation], Field(min_length=1)] | None = None


class CaseScenario(Scenario):
    """An order or a report about content.

    Attributes:
        question: its kind.
        given: the order or report, over what is shared.
        expect: what is done with it.
        timeline: instant of receipt -> what is done with it, in place of `expect`.
    """

    question: Literal["order", "report"]
    given: CaseGiven = CaseGiven()
    expect: CaseExpectation | None = None
    timeline: Annotated[Mapping[InstantValue, CaseExpectation], Field(min_length=1)] | None = None


_KINDS = {
    "eligibility": "<facts>",
    "content": "<facts>",
    "data_request": "<request>",
    "order": "<case>",
    "report": "<case>",
}


def _choose_scenario(value: Any) -> str | None:
    """Return the form of a scenario, by its question."""
    question = value.get("question", "eligibility") if isinstance(value, dict) else "eligibility"
    return _KINDS.get(question, "<facts>") if isinstance(question, str) else "<facts>"


ScenarioValue = Annotated[
    Annotated[FactsScenario, Tag("<facts>")]
    | Annotated[RequestScenario, Tag("<request>")]
    | Annotated[CaseScenario, Tag("<case>")],
    choice(" ".join(_KINDS), _choose_scenario),
]


class ScenarioFile(Document):
    """The scenarios of one jurisdiction, or of the platform.

    Attributes:
        given: what all scenarios share unless they say otherwise.
        scenarios: in the order of the file.
    """

    given: SharedGiven = SharedGiven()
    scenarios: tuple[ScenarioValue, ...]
