"""What a claimed emergency changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from comity.domain.truth import Truth
from comity.policy.documents.requests import EmergencyTrack
from comity.policy.routing import marks
from comity.policy.routing.facts import is_situation
from comity.policy.routing.findings import Finding, all_of, any_of, known, unknown
from comity.policy.routing.matter import Matter


@dataclass(frozen=True)
class EmergencyView:
    """The emergency of one request, by the instrument's rule and by the platform's.

    Attributes:
        matter: the request before the law.
    """

    matter: Matter

    @property
    def track(self) -> EmergencyTrack | None:
        """The instrument's own emergency track, if it has one."""
        return self.matter.rule.terms.emergency if self.matter.rule else None

    @property
    def moves_clock(self) -> bool:
        """Whether the instrument's emergency term runs: as long as the danger may be real.

        A track that is voluntary owes no answer, and leaves the instrument's own term alone.
        """
        track = self.track
        return track is not None and not track.voluntary and self.on_track.value is not Truth.F

    @cached_property
    def on_track(self) -> Finding:
        """Whether the instrument's emergency track is open."""
        return self._concrete(self.track.when) if self.track else known(holds=False)

    @cached_property
    def by_platform(self) -> Finding:
        """Whether the platform's emergency rule lifts the tests of its profile.

        Source: the platform's own rule; the privacy policy has none.
        """
        rule = self.matter.law.platform.emergency
        if rule is None:
            return known(holds=False)
        needs = [known(holds=not self.matter.request.lacking.intersection(rule.needs))]
        if marks.CALL_BACK in rule.needs:
            needs.append(self._called_back)
        return all_of((self._concrete(rule.when), *needs))

    @cached_property
    def hurries_platform(self) -> bool:
        """Whether the platform's emergency term runs: as long as the danger may be real."""
        rule = self.matter.law.platform.emergency
        return rule is not None and self._concrete(rule.when).value is not Truth.F

    def lifts_tests_of(self, category: str) -> Finding:
        """Return whether the profile's tests are lifted for `category`."""
        rule = self.matter.law.platform.emergency
        if rule is None or category not in rule.data:
            return known(holds=False)
        return self.by_platform

    def _concrete(self, when: Iterable[str]) -> Finding:
        """Return whether one of the situations `when` is claimed, with present facts."""
        claimed = self.matter.request.emergency
        if claimed is None:
            return known(holds=False)
        shown = claimed.substantiated
        facts = unknown("emergency.substantiated") if shown is None else known(holds=shown)
        return all_of((any_of(is_situation(name, self.matter) for name in when), facts))

    @property
    def _called_back(self) -> Finding:
        """Whether a call-back confirmed the emergency."""
        claimed = self.matter.request.emergency
        confirmed = claimed.call_back_confirmed if claimed else False
        if confirmed is None:
            return unknown("emergency.call_back_confirmed")
        return known(holds=confirmed)
