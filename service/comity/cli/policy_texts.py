"""How jurisdictions and their rules are printed, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from google.protobuf.json_format import MessageToDict, MessageToJson
from google.protobuf.message import Message
from rich.console import Console
from rich.text import Text

from comity.cli.policy_reports import console, plural
from comity.cli.policy_summaries import Policies, summary_lines
from comity.cli.policy_words import Line, rule_lines
from comity.cli.request_words import provision_lines
from comity.domain.request import Revision, View
from comity.grpc_api.policy_replies import jurisdiction_of, rule_reply
from comity.policy.bundle import Bundle, JurisdictionText
from comity.policy.documents.loading import Documents
from comity.policy.routing.provisions import RequestCheck, RequestRule
from comity.policy.routing.reading import find_request_rule
from comity.policy.rules import Rule
from comity.v1 import policy_service_pb2

HEADING_WIDTH = 15


def print_jurisdiction(
    text: JurisdictionText, bundle: Bundle, documents: Documents, now: datetime
) -> None:
    """Print what holds in a jurisdiction at `now` and what is to come, then each of its rules."""
    out = console()
    out.print(Text(f"{text.code}  {text.name}  {text.timezone}", style="bold"))
    out.print(f"At {now.isoformat()}.")
    rules = list(_rules_of(text, bundle))
    provisions = _provisions_of(text, bundle)
    available = [provision.id for provision in provisions if provision.has_effect_at(now)]
    policies = Policies(bundle, documents)
    _print_lines(out, summary_lines(text, rules, available, policies, now))
    told: set[str] = set()
    for rule in rules:
        written, _, member = rule.id.partition("#")
        lines = rule_lines(rule, bundle.eligibility.lexicon, text.timezone, now)
        if written in told:
            shown = {heading: said for heading, said in lines if heading in ("Now", "Meets")}
            _print_rule(out, rule.id, f"The same for {member}", shown.items())
        else:
            _print_rule(out, rule.id, rule.text.title, lines)
        told.add(written)
    for provision in provisions:
        read = bundle.requests.texts[provision.id].text
        said = provision_lines(provision, read, text.timezone, now)
        _print_rule(out, provision.id, read.title, said)


def _rules_of(text: JurisdictionText, bundle: Bundle) -> Iterator[Rule]:
    """Yield the restrictions and content rules of a jurisdiction, in the order of its file."""
    for rule_id in text.rule_ids:
        rule = bundle.eligibility.by_id.get(rule_id) or bundle.content.by_id.get(rule_id)
        if rule is not None:
            yield rule


def _provisions_of(text: JurisdictionText, bundle: Bundle) -> list[RequestRule | RequestCheck]:
    """Return the instruments and checks of a jurisdiction, in the order of its file."""
    law = bundle.requests
    instruments = (rule for rules in law.instruments.values() for rule in rules)
    everything: tuple[RequestRule | RequestCheck, ...] = (*instruments, *law.checks)
    own = [provision for provision in everything if provision.jurisdiction == text.code]
    return sorted(own, key=lambda provision: law.texts[provision.id].text.line)


def _print_rule(out: Console, rule_id: str, title: str, lines: Iterable[Line]) -> None:
    """Print one rule with the parts of its text."""
    out.print()
    out.print(Text.assemble((rule_id, "bold cyan"), "  ", title))
    _print_lines(out, lines)


def _print_lines(out: Console, lines: Iterable[Line]) -> None:
    """Print parts of a text, each with its heading."""
    for heading, said in lines:
        out.print(Text.assemble((f"  {heading:<{HEADING_WIDTH}} ", "dim"), said))


def jurisdiction_as_json(text: JurisdictionText, bundle: Bundle, now: datetime) -> str:
    """Return a jurisdiction with its rules, in the JSON of the service's replies."""
    revision = Revision(0, bundle.digest)
    asked = (find_request_rule(rule_id, bundle.requests) for rule_id in text.rule_ids)
    rules = [
        _as_dict(rule_reply(rule, revision, View.LEGAL, now).rule)
        for rule in (*_rules_of(text, bundle), *filter(None, asked))
    ]
    told = {"jurisdiction": _as_dict(jurisdiction_of(text)), "rules": rules}
    return json.dumps(told, indent=2, ensure_ascii=False)


def print_jurisdictions(bundle: Bundle, now: datetime) -> None:
    """Print one line a jurisdiction: how many rules it has, and how many are in force at `now`."""
    listed = list(bundle.jurisdictions.values())
    width = max((len(text.code) for text in listed), default=0)
    out = console()
    for text in listed:
        rules, provisions = list(_rules_of(text, bundle)), _provisions_of(text, bundle)
        standing = sum(rule.timeline.state_at(now) is not None for rule in rules)
        counts = [f"{standing} of {len(rules)} rules in force"] if rules else []
        if provisions:
            available = sum(provision.has_effect_at(now) for provision in provisions)
            counts.append(f"{available} of {len(provisions)} on requests for data")
        told = ", ".join(counts) or "no rules"
        out.print(Text.assemble((f"{text.code:<{width}}", "bold"), f"  {text.name}: {told}"))
    out.print(f"{plural(len(listed), 'policy file')}, at {now.isoformat()}.")


def jurisdictions_as_json(bundle: Bundle) -> str:
    """Return all jurisdictions, in the JSON of the service's reply."""
    reply = policy_service_pb2.ListJurisdictionsResponse(
        jurisdictions=map(jurisdiction_of, bundle.jurisdictions.values())
    )
    reply.policy_revision.digest = bundle.digest
    return MessageToJson(reply, preserving_proto_field_name=True, ensure_ascii=False)


def _as_dict(message: Message) -> dict[str, Any]:
    """Return what protobuf maps to JSON, field names as in the contract."""
    return MessageToDict(message, preserving_proto_field_name=True)
