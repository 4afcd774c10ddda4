"""Rules and questions in Comity's form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from bench.throughput.norms import EXCEPTED_ITEM, Asked, Norm
from comity.v1 import common_pb2, eligibility_service_pb2, facts_pb2

CHECK = "/comity.v1.EligibilityService/CheckEligibility"
BATCH = "/comity.v1.EligibilityService/BatchCheckEligibility"
POLICIES = Path(__file__).parents[3] / "policies"
SHARED = ("vocabulary.yaml", "groups.yaml", "desks.yaml", "platform.yaml", "conflicts.yaml")


def policy_files(norms: Sequence[Norm]) -> dict[str, bytes]:
    """Return policy files that state `norms`, a file a country, beside the shared ones."""
    files = {name: (POLICIES / name).read_bytes() for name in SHARED}
    files |= {f"lists/{p.name}": p.read_bytes() for p in (POLICIES / "lists").glob("*.yaml")}
    of_place = defaultdict(list)
    for norm in norms:
        of_place[norm.place[:2]].append(norm)
    for place, its_norms in of_place.items():
        name = place.lower()
        files[f"jurisdictions/{name}.yaml"] = _file(place, its_norms).encode()
        files[f"tests/{name}_test.yaml"] = (
            "given: {at: 2025-10-01T12:00:00Z, product: telegram, action: account_use}\n"
            f"scenarios: [{{name: nothing is said of {place}, expect: allow}}]\n"
        ).encode()
    return files


def write_policies(norms: Sequence[Norm], folder: Path) -> Path:
    """Write `policy_files(norms)` into `folder`; return it."""
    for name, content in policy_files(norms).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def _file(place: str, norms: Sequence[Norm]) -> str:
    head = [
        f"jurisdiction: {place}",
        "timezone: UTC",
        "sources: {gazette: {title: Official gazette}}",
        "restrictions:",
    ]
    return "\n".join([*head, *map(_rule, norms), ""])


def _rule(norm: Norm) -> str:
    atoms = [f"connected_by: {norm.factor}"]
    if len(norm.place) > 2:
        atoms.append(f"jurisdiction: [{norm.place}]")
    if norm.populations:
        atoms.append(f"population: [{', '.join(norm.populations)}]")
    atoms += [f"product: {norm.product}", f"action: [{', '.join(norm.actions)}]"]
    if norm.device:
        atoms.append(f"device: {norm.device}")
    if norm.below_age:
        atoms.append(f"age: {{below: {norm.below_age}}}")
    lines = [
        f"  - id: {rule_id(norm)}",
        f"    title: Rule number {norm.number}",
        "    effect: deny",
        f"    applies_to: {{{', '.join(atoms)}}}",
        *([f"    except: [{{item: {EXCEPTED_ITEM}}}]"] if norm.excepts_official else []),
        "    in_force: [{from: 2020-01-15}]",
        "    authority: Ministry of Digital Affairs",
        "    source: {use: gazette, pinpoint: section 4}",
        "    recorded_at: 2020-01-10",
    ]
    return "\n".join(lines)


def rule_id(norm: Norm) -> str:
    """Return the id of a rule."""
    return f"{norm.place.lower()}-{norm.number}"


def _parts(asked: Asked) -> tuple[facts_pb2.Subject, facts_pb2.Facts]:
    subject = facts_pb2.Subject(
        account_id=asked.account, ip_address=asked.address, birth_date=asked.born.isoformat()
    )
    facts = facts_pb2.Facts(
        action=asked.action,
        product=asked.product,
        device=asked.device,
        item_classes=[EXCEPTED_ITEM] if asked.official else [],
        connections=[
            facts_pb2.Connection(
                factor=tie.factor,
                place=tie.place,
                populations=[tie.population] if tie.population else [],
            )
            for tie in asked.ties
        ],
    )
    return subject, facts


def check_request(asked: Asked) -> bytes:
    """Return one question as a message."""
    subject, facts = _parts(asked)
    request = eligibility_service_pb2.CheckEligibilityRequest(subject=subject, facts=facts)
    return request.SerializeToString()


def batch_request(asked: Sequence[Asked]) -> bytes:
    """Return many questions as one message."""
    items = [
        eligibility_service_pb2.BatchCheckEligibilityItem(subject=subject, facts=facts)
        for subject, facts in map(_parts, asked)
    ]
    return eligibility_service_pb2.BatchCheckEligibilityRequest(items=items).SerializeToString()


def _denies(reply: eligibility_service_pb2.CheckEligibilityResponse) -> bool:
    """Return what a reply says; it must be decided, one of the two, and recorded."""
    effects = {common_pb2.EFFECT_DENY: True, common_pb2.EFFECT_ALLOW: False}
    if reply.determination != common_pb2.DETERMINATION_DECIDED or not reply.decision_id:
        message = f"not a decided answer: {reply}"
        raise ValueError(message)
    return effects[reply.effect]


def check_reply(message: bytes) -> list[bool]:
    """Return whether the reply to one question denies it."""
    return [_denies(eligibility_service_pb2.CheckEligibilityResponse.FromString(message))]


def batch_reply(message: bytes) -> list[bool]:
    """Return which questions of a batch the reply denies."""
    reply = eligibility_service_pb2.BatchCheckEligibilityResponse.FromString(message)
    return [_denies(result.response) for result in reply.results]
