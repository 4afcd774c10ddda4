"""Terms that never start, steps that nobody can do, desks and clocks that serve nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from comity.domain.data_route import DueKind
from comity.policy.documents.desks import ALWAYS
from comity.policy.documents.jurisdictions import PlatformFile
from comity.policy.documents.requests import DataRequestRule, FollowUp, PreserveTerm
from comity.policy.documents.times import Term
from comity.policy.findings.codes import Finding, RequestWitness
from comity.policy.findings.request_candidates import Candidates, in_situations
from comity.policy.findings.request_subjects import RequestSection, find_in
from comity.policy.routing.deadlines import STARTING_EVENTS
from comity.policy.routing.procedure import WAIT
from comity.policy.routing.provisions import RequestRule
from comity.policy.routing.router import route_request
from comity.policy.scalars import Unit
from comity.policy.yaml_nodes import Loc

HOURS: Final = (Unit.MINUTES, Unit.HOURS)
RECEIPT: Final = "receipt"
VALIDATION: Final = "validation"
CLOSED: Final = "the term of hours runs at {desk}, where nobody answers out of hours."


def find_unstarted(section: RequestSection) -> Iterator[Finding]:
    """Yield the terms, and what is kept, that start with an event which nobody can tell of."""
    events = frozenset(section.vocabulary.events)
    for rule in section.rules:
        terms, emergency = rule.terms, rule.terms.emergency
        dues: list[tuple[tuple[str, ...], object]] = [(("due", "starts"), terms.due)]
        if emergency is not None:
            dues.append((("emergency", "due", "starts"), emergency.due))
        for keys, due in dues:
            event = STARTING_EVENTS.get(due.starts, "") if isinstance(due, Term) else ""
            if event and event not in events:
                message = f"the term starts with {event}, which is no event of the vocabulary."
                witness = _unanswered(rule, section)
                yield section.find("CF206", rule.id, message, *keys, witness=witness)
        kept = terms.preserve
        if isinstance(kept, PreserveTerm) and kept.start not in {RECEIPT, *events}:
            message = f"keeping starts with {kept.start}, which is no event of the vocabulary."
            yield section.find("CF206", rule.id, message, "preserve", "from")


def _unanswered(rule: RequestRule, section: RequestSection) -> RequestWitness | None:
    """Return a request for which no time runs."""
    for asked in Candidates(rule, section) if rule.spans else ():
        if route_request(asked, section.law, asked.received_at).due.kind is DueKind.NONE:
            return RequestWitness(asked)
    return None


def find_undoable(section: RequestSection) -> Iterator[Finding]:
    """Yield the steps and tasks that can't be done, or of which nobody can tell that they were."""
    notified = {r.jurisdiction for r in section.rules if r.terms.notified_authority is not None}
    for rule in section.rules:
        if WAIT in rule.terms.steps and rule.terms.notified_authority is None:
            message = f"{WAIT} waits for an authority, and the rule notifies none."
            yield section.find("CF204", rule.id, message, "steps")
        yield from _untold(rule, section)
    platform = section.platform.document
    emergency = platform.emergency
    for message, index in _never_done(emergency.follow_up if emergency else (), section):
        loc = ("emergency", "follow_up", index)
        yield find_in(section.platform, "CF204", "platform", message, loc)
    for check in section.law.checks:
        everywhere = check.jurisdiction == platform.jurisdiction
        told = notified if everywhere or check.forbids_abroad else notified & {check.jurisdiction}
        if "notified_authority" in check.terms.tell and not told:
            message = "no instrument that it looks at notifies an authority that could be told."
            yield section.find("CF204", check.id, message, "tell")


def _untold(rule: RequestRule, section: RequestSection) -> Iterator[Finding]:
    """Yield the tasks after an emergency of which nobody can tell that they were done."""
    emergency = rule.terms.emergency
    if emergency is None:
        return
    for message, index in _never_done(emergency.follow_up, section):
        yield section.find("CF204", rule.id, message, "emergency", "follow_up", index)
    if emergency.without_validation is not None and VALIDATION not in section.vocabulary.events:
        message = f"{VALIDATION} is no event of the vocabulary: that it came can't be told."
        yield section.find("CF204", rule.id, message, "emergency", "without_validation")


def _never_done(tasks: Iterable[FollowUp], section: RequestSection) -> Iterator[tuple[str, int]]:
    """Yield in words that a task can't be told to be done, each with its position."""
    for index, after in enumerate(tasks):
        if after.task not in section.vocabulary.events:
            yield f"{after.task} is no event of the vocabulary: that it came can't be told.", index


def find_unmanned(section: RequestSection) -> Iterator[Finding]:
    """Yield the terms of hours at desks where nobody answers out of hours."""
    for rule in section.rules:
        emergency = rule.terms.emergency
        dues: list[tuple[str, object, tuple[str, ...]]] = [("due", rule.terms.due, ())]
        if emergency is not None:
            dues.append(("emergency", emergency.due, emergency.when))
        for key, due, when in dues:
            if isinstance(due, Term) and due.within.unit in HOURS:
                for desk, witness in _at_closed_desk(rule, when, section):
                    message = CLOSED.format(desk=desk)
                    yield section.find("CF205", rule.id, message, key, witness=witness)
    platform = section.platform.document
    urgent = platform.emergency
    if urgent is not None and isinstance(urgent.due, Term) and urgent.due.within.unit in HOURS:
        desk = urgent.desk or platform.defaults.desk or ""
        if _closes(desk, section):
            message, loc = CLOSED.format(desk=desk), ("emergency", "due")
            yield find_in(section.platform, "CF205", "platform", message, loc)


def _at_closed_desk(
    rule: RequestRule, when: tuple[str, ...], section: RequestSection
) -> Iterator[tuple[str, RequestWitness]]:
    """Yield a desk that closes, with a request that it is to answer in hours; nothing if none."""
    for asked in Candidates(rule, section) if rule.spans else ():
        urgent = in_situations(when, asked)
        route = route_request(urgent, section.law, urgent.received_at)
        if route.due.rule_id == rule.id and _closes(route.desk.name, section):
            yield route.desk.name, RequestWitness(urgent)
            return


def _closes(name: str, section: RequestSection) -> bool:
    """Return whether a desk is closed at times, and nobody stands in for it then."""
    desks, seen = section.desks.document.desks, set[str]()
    while name in desks and name not in seen:
        if desks[name].hours == ALWAYS:
            return False
        seen.add(name)
        name = desks[name].out_of_hours or ""
    return True


def find_idle_desks(section: RequestSection) -> Iterator[Finding]:
    """Yield the desks that nothing sends anything to."""
    platform, desks = section.platform.document, section.desks.document
    named: set[str | None] = {platform.defaults.desk, platform.defaults.escalate_to}
    named.add(platform.emergency.desk if platform.emergency is not None else None)
    for rule in section.rules:
        named |= {rule.terms.desk, rule.terms.addressee}
        named.add(rule.terms.emergency.desk if rule.terms.emergency is not None else None)
    named |= {check.terms.desk for check in section.law.checks}
    named |= {queue.desk for queue in desks.queues.values()}
    named |= {desk.out_of_hours for desk in desks.desks.values()}
    for name in desks.desks:
        if name not in named:
            message = "no rule, check, queue or other desk sends anything there."
            yield find_in(section.desks, "CF203", name, message, ("desks", name))


def find_idle_clocks(section: RequestSection) -> Iterator[Finding]:
    """Yield the clocks that no term of their file names."""
    for read in section.reads:
        document = read.document
        if isinstance(document, PlatformFile):
            dues: list[object] = [document.defaults.due]
            dues += [document.emergency.due] if document.emergency is not None else []
        else:
            dues = [due for rule in document.data_requests for due in _terms_of(rule)]
        named = {due.clock for due in dues if isinstance(due, Term)}
        if not isinstance(document, PlatformFile):
            rules = document.data_requests
            named |= {objection.clock for rule in rules for objection in rule.objections}
        for name in document.clocks:
            if name not in named:
                message = "no term of this file names the clock."
                loc: Loc = ("clocks", name)
                yield find_in(read, "CF207", name, message, loc)


def _terms_of(rule: DataRequestRule) -> Iterator[object]:
    """Yield by when a rule wants an answer, in an emergency as well."""
    yield rule.due
    if rule.emergency is not None:
        yield rule.emergency.due
