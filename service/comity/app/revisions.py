"""Which policy revision answers a call."""

from __future__ import annotations

from comity.app.ports.policy_source import PolicyInForce, PolicySource
from comity.domain.errors import NoHistoryError, NoPolicyError, RevisionNotReachedError
from comity.domain.request import Options


def policy_for(source: PolicySource, options: Options, wait_seconds: float) -> PolicyInForce:
    """Return the revision that a call with `options` is answered from.

    Raises:
        NoPolicyError: no bundle is in force yet.
        NoHistoryError: `as_known` lies before the first bundle.
        RevisionNotReachedError: `min_epoch` was not reached within `wait_seconds`.
    """
    if options.as_known is not None:
        known = source.known_at(options.as_known)
        if known is None:
            message = "as_known lies before the first policy revision that this server knows"
            raise NoHistoryError(message)
        if known.revision.epoch < options.min_epoch:
            message = (
                "the policy revision of as_known lies before the least policy epoch asked for; "
                f"known then: {known.revision.epoch}"
            )
            raise RevisionNotReachedError(message)
        return known
    current = source.current
    if current is None:
        message = "no policy is in force yet; retry once the service reports SERVING"
        raise NoPolicyError(message)
    if current.revision.epoch >= options.min_epoch:
        return current
    reached = source.wait_for_epoch(options.min_epoch, wait_seconds)
    if reached is None:
        message = (
            "the least policy epoch asked for is not in force here; "
            f"in force: {current.revision.epoch}"
        )
        raise RevisionNotReachedError(message)
    return reached
