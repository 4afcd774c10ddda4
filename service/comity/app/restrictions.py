"""Use cases that read the policies themselves: what is in force, and what a rule says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from comity.app.eligibility import Clock
from comity.app.ports.policy_source import PolicyInForce, PolicySource
from comity.app.revisions import policy_for
from comity.domain.effect import Outcome
from comity.domain.errors import FieldViolation, InvalidQuestionError, NotFoundError
from comity.domain.request import Options, Revision, View
from comity.policy.bundle import JurisdictionText
from comity.policy.concern import Concern
from comity.policy.routing.reading import find_request_rule
from comity.policy.rules import Modality, Rule, Ruleset

MOST_RULES_A_PAGE = 200
DEFAULT_RULES_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Restriction:
    """A rule in force, as a settings screen shows it.

    Attributes:
        rule: the rule.
        outcome: what it asks at the instant.
        until: first instant at which that changes by itself; None if never.
    """

    rule: Rule
    outcome: Outcome
    until: datetime | None


@dataclass(frozen=True, slots=True)
class RestrictionPage:
    """A page of restrictions in force.

    Attributes:
        restrictions: sorted by rule id.
        next_page_token: pass it to get the next page; empty on the last.
        revision: policy revision that answered; the same on every page.
        evaluated_at: the instant listed.
        valid_until: first instant at which the list could change by itself; None if never.
    """

    restrictions: tuple[Restriction, ...]
    next_page_token: str
    revision: Revision
    evaluated_at: datetime
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class RestrictionQuery:
    """What to list.

    Attributes:
        place: ISO code, body or area whose people are asked about.
        factors: connecting factors by which they are connected to it; empty for any.
        product: only rules that may meet somebody who uses this product; empty for all.
        page_size: rules a page, 1 to 200; 0 for 50.
        page_token: token of the page before; empty for the first page.
    """

    place: str
    factors: frozenset[str] = frozenset()
    product: str = ""
    page_size: int = 0
    page_token: str = ""


@dataclass(frozen=True)
class PolicyTexts:
    """Reads the policies in force.

    Attributes:
        policies: where the revision in force comes from.
        clock: gives the current instant.
        wait_seconds: how long to wait for the revision that a caller asks for, at most.
    """

    policies: PolicySource
    clock: Clock
    wait_seconds: float = 1.0

    def list_restrictions(self, query: RestrictionQuery, options: Options) -> RestrictionPage:
        """List the rules in force for `query`, a page at a time, sorted by rule id.

        Raises:
            InvalidQuestionError: the page token is not one of this revision.
            NoPolicyError, NoHistoryError, RevisionNotReachedError: as `policy_for`.
        """
        policy = policy_for(self.policies, options, self.wait_seconds)
        now = options.as_of or self.clock()
        concern = _concern_of(query, policy.bundle.eligibility, now)
        shown = tuple(_shown(policy, options))
        concerned = sorted(filter(concern.is_of, shown), key=lambda rule: rule.id)
        start = offset_of(query.page_token, policy.revision)
        size = min(query.page_size or DEFAULT_RULES_A_PAGE, MOST_RULES_A_PAGE)
        in_force = [
            Restriction(rule, state, rule.timeline.next_change(now))
            for rule in concerned
            if (state := rule.timeline.state_at(now)) is not None
        ]
        more = start + size < len(in_force)
        flips = (rule.timeline.next_change(now) for rule in concerned)
        changes = [flip for flip in flips if flip is not None]
        changes.extend(change for rule in shown for change in concern.changes(rule))
        return RestrictionPage(
            restrictions=tuple(in_force[start : start + size]),
            next_page_token=token_at(start + size, policy.revision) if more else "",
            revision=policy.revision,
            evaluated_at=now,
            valid_until=None if options.hypothetical else min(changes, default=None),
        )

    def get_rule(self, rule_id: str, options: Options) -> tuple[Rule, Revision]:
        """Return the rule `rule_id` and the revision it was read from.

        Raises:
            NotFoundError: there is no such rule, or not for this view.
            NoPolicyError, NoHistoryError, RevisionNotReachedError: as `policy_for`.
        """
        policy = policy_for(self.policies, options, self.wait_seconds)
        rule = _find_rule(rule_id, policy)
        if rule is not None and _is_shown(rule, options):
            return rule, policy.revision
        message = "no rule has this id in the policy revision in force"
        raise NotFoundError(message)

    def get_jurisdiction(self, code: str, options: Options) -> tuple[JurisdictionText, Revision]:
        """Return the jurisdiction `code`, an alias included, and the revision it was read from.

        Raises:
            NotFoundError: there is no file for it.
            NoPolicyError, NoHistoryError, RevisionNotReachedError: as `policy_for`.
        """
        policy = policy_for(self.policies, options, self.wait_seconds)
        canonical = policy.bundle.eligibility.atlas.canonical(code)
        found = policy.bundle.jurisdictions.get(canonical)
        if found is None:
            message = "no policy file has this jurisdiction in the policy revision in force"
            raise NotFoundError(message)
        return _as_shown(found, policy, options), policy.revision

    def list_jurisdictions(self, options: Options) -> tuple[tuple[JurisdictionText, ...], Revision]:
        """Return every jurisdiction with a policy file, sorted by code, and the revision.

        Raises:
            NoPolicyError, NoHistoryError, RevisionNotReachedError: as `policy_for`.
        """
        policy = policy_for(self.policies, options, self.wait_seconds)
        listed = policy.bundle.jurisdictions
        shown = (_as_shown(listed[code], policy, options) for code in sorted(listed))
        return tuple(shown), policy.revision


def _is_shown(rule: Rule, options: Options) -> bool:
    """Return whether the view asked for may know of `rule`."""
    return options.view is View.LEGAL or not rule.text.confidential


def _find_rule(rule_id: str, policy: PolicyInForce) -> Rule | None:
    """Return the rule `rule_id` of any section, or None."""
    bundle = policy.bundle
    found = bundle.eligibility.by_id.get(rule_id) or bundle.content.by_id.get(rule_id)
    return found or find_request_rule(rule_id, bundle.requests)


def _as_shown(text: JurisdictionText, policy: PolicyInForce, options: Options) -> JurisdictionText:
    """Return `text` without the rules that the view asked for may not know of."""

    def is_shown(rule_id: str) -> bool:
        rule = _find_rule(rule_id, policy)
        return rule is None or _is_shown(rule, options)

    return replace(text, rule_ids=tuple(filter(is_shown, text.rule_ids)))


def _concern_of(query: RestrictionQuery, ruleset: Ruleset, now: datetime) -> Concern:
    """Return whom and what `query` asks about, in the terms of `ruleset`."""
    place = ruleset.atlas.canonical(query.place)
    return Concern(ruleset, place, query.factors, query.product, now)


def _shown(policy: PolicyInForce, options: Options) -> Iterator[Rule]:
    """Yield the rules that ask for something and that the view asked for may know of."""
    for rule in policy.bundle.eligibility.rules:
        if rule.modality is not Modality.PERMIT and _is_shown(rule, options):
            yield rule


def token_at(offset: int, revision: Revision) -> str:
    """Return the token of the page that starts after `offset` entries."""
    return f"{revision.digest[:16]}.{offset}"


def offset_of(token: str, revision: Revision) -> int:
    """Return how many entries lie before the page that `token` stands for.

    Raises:
        InvalidQuestionError: the token is not one of this revision.
    """
    if not token:
        return 0
    digest, _, offset = token.partition(".")
    if digest != revision.digest[:16] or not offset.isascii() or not offset.isdigit():
        description = "is not a token of this policy revision; start again from the first page"
        raise InvalidQuestionError((FieldViolation("page_token", description),))
    return int(offset)
