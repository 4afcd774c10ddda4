"""The answer to each category: of what stands in the way, the strongest decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from comity.domain.data_request import RequestedData
from comity.domain.data_route import CategoryAnswer, Escalation, Ground, Verdict
from comity.domain.decision import Conflict
from comity.domain.truth import Truth
from comity.policy.routing.checks import SpokenCheck
from comity.policy.routing.clashes import Clash
from comity.policy.routing.emergencies import EmergencyView
from comity.policy.routing.holdings import horizon, is_kept
from comity.policy.routing.hurdles import Hurdle, Level
from comity.policy.routing.matter import Matter
from comity.policy.routing.notified import objection_hurdle
from comity.policy.routing.profiles import ceiling_hurdle, profile_hurdles
from comity.policy.routing.reach import is_owed, reach_hurdles

_OFFENCE = frozenset({"offence.categories"})
_NOT_HELD = Ground("NOT_HELD", "The platform does not hold these data.")
_ONLY_KEPT = Ground(
    "OUT_OF_REACH",
    "The instrument asks to keep the data, not to disclose them.",
    "Use an instrument that asks for disclosure.",
)


@dataclass(frozen=True)
class Answering:
    """What answers the categories of one request.

    Attributes:
        matter: the request before the law.
        emergency: what an emergency changes.
        gates: hurdles of the whole request.
        checks: checks that speak, or may.
        clashes: prohibitions of other authorities that stand against the order.
        escalate_to: desk that looks at what is escalated.
    """

    matter: Matter
    emergency: EmergencyView
    gates: tuple[Hurdle, ...]
    checks: tuple[SpokenCheck, ...]
    clashes: tuple[Clash, ...]
    escalate_to: str

    def answer(self, data: RequestedData) -> tuple[CategoryAnswer, frozenset[str]]:
        """Return the answer to `data`, and the unknown fields that could change it."""
        hurdles = tuple(self._hurdles(data))
        top = max((hurdle.level for hurdle in hurdles), default=None)
        deciding = [hurdle for hurdle in hurdles if hurdle.level is top]
        start = horizon(data.category, self.matter)
        since, until = data.since, data.until
        purged = start is not None and until is not None and until <= start
        if top is not Level.REFUSE_REQUEST and (purged or not is_kept(data.category, self.matter)):
            answer = CategoryAnswer(data.category, Verdict.NOT_HELD, since, until, (_NOT_HELD,))
            return answer, frozenset()
        verdict = self._verdict(top)
        if verdict is Verdict.DISCLOSABLE and start is not None and since is not None:
            since = max(since, start)
        grounds = tuple(dict.fromkeys(hurdle.ground for hurdle in deciding))
        if verdict is Verdict.PRESERVE_ONLY:
            grounds = (_ONLY_KEPT,)
        escalations = tuple(dict.fromkeys(self._escalations(deciding)))
        missing = frozenset[str]().union(*(hurdle.missing for hurdle in deciding))
        return CategoryAnswer(data.category, verdict, since, until, grounds, escalations), missing

    def _verdict(self, top: Level | None) -> Verdict:
        """Return the verdict of the strongest hurdle."""
        match top:
            case Level.REFUSE_REQUEST | Level.REFUSE_CATEGORY:
                return Verdict.REFUSED
            case Level.ESCALATE | Level.REQUEST_LACKS | Level.CATEGORY_LACKS:
                return Verdict.NEEDS_INFORMATION
            case None:
                return Verdict.PRESERVE_ONLY if self._only_preserves else Verdict.DISCLOSABLE

    @property
    def _only_preserves(self) -> bool:
        """Whether the instrument never leads to disclosure."""
        return self.matter.rule is not None and self.matter.rule.terms.preserve_only

    def _hurdles(self, data: RequestedData) -> Iterator[Hurdle]:
        """Yield what stands in the way of `data`, in the order of the procedure."""
        matter, category = self.matter, data.category
        yield from self.gates
        yield from self._check_hurdles(category)
        if matter.rule is None:
            return
        reached = tuple(reach_hurdles(data, matter, self.emergency))
        yield from reached
        if self._only_preserves:
            return
        owed = is_owed(data, matter, self.emergency)
        ours = [*profile_hurdles(category, matter, self.emergency, owed=owed)]
        yield from ours
        if any(hurdle.level is not Level.CATEGORY_LACKS for hurdle in reached):
            # Data that the order does not reach are refused by law, whatever the ceiling.
            return
        ceiling = ceiling_hurdle(category, matter, self.escalate_to, owed=owed)
        objection = objection_hurdle(category, matter)
        further = [hurdle for hurdle in (ceiling, objection) if hurdle is not None]
        yield from further
        if owed and all(h.level is not Level.REFUSE_CATEGORY for h in (*ours, *further)):
            # What is not disclosed anyway need not be put on hold.
            yield from self._clash_hurdles(category)

    def clashing(self, data: RequestedData) -> tuple[Conflict, ...]:
        """Return the clashes of laws over `data`: the order reaches them, and must be obeyed."""
        matter = self.matter
        if not self.clashes or not is_owed(data, matter, self.emergency):
            return ()
        if any(reach_hurdles(data, matter, self.emergency)) or self._refused_whole:
            return ()
        word = matter.class_of(data.category)
        return tuple(clash.conflict for clash in self.clashes if clash.check.concerns(word))

    @property
    def _refused_whole(self) -> bool:
        """Whether the whole request is refused, whatever it asks for."""
        checked = (c.hurdle for c in self.checks if c.hurdle is not None and not self._clashes(c))
        return any(hurdle.level is Level.REFUSE_REQUEST for hurdle in (*self.gates, *checked))

    def _clash_hurdles(self, category: str) -> Iterator[Hurdle]:
        """Yield what clashes of laws put in the way of `category`."""
        word = self.matter.class_of(category)
        for clash in self.clashes:
            hurdle = clash.hurdle(self.matter) if clash.check.concerns(word) else None
            if hurdle is not None:
                yield hurdle

    def _clashes(self, check: SpokenCheck) -> bool:
        """Return whether `check` stands against the order, instead of answering it."""
        return any(clash.check is check for clash in self.clashes)

    def _check_hurdles(self, category: str) -> Iterator[Hurdle]:
        """Yield what the checks put in the way of `category`."""
        word = self.matter.class_of(category)
        lifted = self.emergency.lifts_tests_of(category).value is Truth.T
        for check in self.checks:
            if check.hurdle is None or not check.concerns(word) or self._clashes(check):
                continue
            # A danger to life need not be an offence; and to keep data takes no look at the case.
            unasked = self._only_preserves or (lifted and check.hurdle.missing <= _OFFENCE)
            if check.speaks or not unasked:
                yield check.hurdle

    def _escalations(self, deciding: Iterable[Hurdle]) -> Iterator[Escalation]:
        """Yield who must look at the deciding hurdles."""
        for hurdle in deciding:
            if hurdle.escalation is not None:
                yield hurdle.escalation
            elif hurdle.level is Level.ESCALATE:
                yield Escalation(self.escalate_to, hurdle.ground.code, hurdle.ground.text)
