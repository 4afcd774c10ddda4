"""Sessions of calls to two servers: whatever came before, both say and record the same."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from comity.grpc_api.shortcuts import CHECK
from comity.grpc_api.swift_calls import BATCH
from comity.policy.rules import Ruleset
from property.choices import Choices, pick, some
from property.octet_paths import Path, SwiftPath
from property.octet_records import decisions_in, identity_of, recorded_in, told_in
from property.octet_requests import (
    build_batch,
    build_instants,
    octets_of,
)
from property.octet_sources import GENERATED, Source
from unit.grpc_api.local_calls import HERE, LocalCall, Metadata

ELSEWHERE = "ipv4:198.51.100.7:1"
_TRACE, _SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLERS: tuple[tuple[str, Metadata], ...] = (
    (HERE, ()),
    (HERE, (("traceparent", f"00-{_TRACE}-{_SPAN}-01"),)),
    (HERE, (("traceparent", f"00-{_TRACE}-{_SPAN}-00"), ("tracestate", "a=1,b=2"))),
    (HERE, (("traceparent", "nonsense"), ("user-agent", "x"))),
    (ELSEWHERE, ()),
)

Ask = tuple[str, bytes]


class Session:
    """Two servers of the same policies, and one clock."""

    def __init__(self, choices: Choices, source: Source, *, forgetful: bool) -> None:
        """Put a policy set of `source` in force."""
        self._choices = choices
        self._source = source
        self._boundary = self._now = source.boundary(choices)
        self.plain = Path(self._read_clock, source, forgetful=forgetful)
        self.swift = SwiftPath(self._read_clock, source=source)
        self.seen: Counter[str] = Counter()
        self._ruleset = self._exchange_policies()

    def _read_clock(self) -> datetime:
        return self._now

    def _exchange_policies(self) -> Ruleset:
        """Put another revision in force, perhaps with the content of the one before."""
        seed = self._choices.integer(0, self._source.worlds - 1)
        ruleset = self._source.world(seed)
        for path in (self.plain, self.swift):
            path.policies.exchange(ruleset, f"{seed:064x}")
        return ruleset

    def run(self) -> Counter[str]:
        """Ask the same things again and again, while the world changes; return what was seen.

        Fails as soon as the two differ.
        """
        choices = self._choices
        asks = self._build_asks(self._boundary.date())
        often = some(choices, asks, 2, 2)
        for instant in build_instants(choices, self._boundary):
            self._now = instant
            for ask in (*often, pick(choices, asks)):
                for _ in range(choices.integer(1, 2)):
                    self._compare(*ask)
            self._change()
        for ask in asks:
            self._compare(*ask)
        self.seen["recalled"] += self.swift.hits
        self.seen["worked out"] += self.swift.shortcuts.worked_out
        assert self.swift.defects == self.plain.defects == []
        return self.seen

    def _build_asks(self, day: date) -> list[Ask]:
        """Return what is asked about `day`."""
        choices = self._choices
        questions = self._source.questions(choices, self._ruleset, day)
        asks: list[Ask] = []
        for question in questions:
            asks += [(CHECK, octets) for octets in octets_of(choices, question)]
        batch = build_batch(choices, questions)
        return asks + [(BATCH, octets) for octets in octets_of(choices, batch)]

    def _change(self) -> None:
        """Change the world a little."""
        choices = self._choices
        match choices.integer(0, 14):
            case 1:
                self._exchange_policies()
                self.seen["policies exchanged"] += 1
            case 2:
                for path in (self.plain, self.swift):
                    path.places.exchange()
                self.seen["places exchanged"] += 1

    def _compare(self, method: str, octets: bytes) -> None:
        """Fail unless both servers say and record the same."""
        peer, metadata = pick(self._choices, CALLERS)
        before = self.swift.hits
        expected, expected_spans = self.plain.call(method, octets, LocalCall(metadata, peer=peer))
        outcome, spans = self.swift.call(method, octets, LocalCall(metadata, peer=peer))
        context = f"{method} {octets.hex()} at {self._now}"
        _require_equal(told_in(method, outcome), told_in(method, expected), context)
        _require_equal(recorded_in(spans), recorded_in(expected_spans), context)
        identities = [identity_of(span) for span in spans]
        assert len(set(identities)) == len(identities)
        assert set(decisions_in(method, outcome)) <= set(identities)
        kind = "batch" if method == BATCH else "unary"
        recalled = self.swift.hits - before
        self.seen[f"{kind} recalled"] += recalled > 0
        self.seen[f"{kind} recalled in part"] += 0 < recalled < len(spans)
        self.seen[f"{kind} {'ended' if outcome.code else 'answered'}"] += 1


def _require_equal(found: object, expected: object, context: str) -> None:
    """Fail unless both are the same; the failure tells all, outside of pytest too."""
    assert found == expected, f"{found}\nis not\n{expected}\nfor {context}"


def check_session(
    choices: Choices, source: Source = GENERATED, *, forgetful: bool = False
) -> Counter[str]:
    """Fail if the two servers of a session differ; return what was seen.

    It takes three times as long if one of them is to be `forgetful` in every way.
    """
    return Session(choices, source, forgetful=forgetful).run()
