"""Rules and questions in the form of Cerbos.

The app is the kind of a resource, so that only rules about that app and action are looked at; the
account asked about is the resource, so that one request asks about many.

Source: https://docs.cerbos.dev/cerbos/latest/policies/resource_policies,
    https://github.com/cerbos/cerbos/blob/main/api/public/cerbos/request/v1/request.proto
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from bench.throughput.norms import PRODUCTS, Asked, Norm, today
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, struct_pb2

CHECK = "/cerbos.svc.v1.CerbosService/CheckResources"
Value = str | float | bool
EFFECTS = {1: False, 2: True}
_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {"string": _FIELD.TYPE_STRING, "int32": _FIELD.TYPE_INT32}
# The part of the contract that is needed: message -> fields with number, type, whether repeated.
_CONTRACT: Mapping[str, Sequence[tuple[str, int, str, bool]]] = {
    "Attribute": [("key", 1, "string", False), ("value", 2, ".google.protobuf.Value", False)],
    "Principal": [
        ("id", 1, "string", False),
        ("roles", 3, "string", True),
    ],
    "Resource": [
        ("kind", 1, "string", False),
        ("id", 3, "string", False),
        ("attr", 4, "Attribute", True),
    ],
    "Entry": [("actions", 1, "string", True), ("resource", 2, "Resource", False)],
    "Request": [
        ("request_id", 1, "string", False),
        ("principal", 3, "Principal", False),
        ("resources", 4, "Entry", True),
    ],
    "Effect": [("key", 1, "string", False), ("value", 2, "int32", False)],
    "Result": [("actions", 2, "Effect", True)],
    "Response": [("request_id", 1, "string", False), ("results", 2, "Result", True)],
}


def _message_classes() -> Mapping[str, Any]:
    """Return the classes of the messages above. A map is a repeated entry on the wire."""
    file = descriptor_pb2.FileDescriptorProto(
        name="bench/cerbos.proto",
        package="bench.cerbos",
        syntax="proto3",
        dependency=[struct_pb2.DESCRIPTOR.name],
    )
    for name, fields in _CONTRACT.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            added = message.field.add(name=field, number=number)
            added.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            added.type = _SCALARS.get(kind, _FIELD.TYPE_MESSAGE)
            if kind not in _SCALARS:
                added.type_name = kind if kind.startswith(".") else f".bench.cerbos.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"bench.cerbos.{name}"))
        for name in _CONTRACT
    }


_CLASSES = _message_classes()


def policy_files(norms: Sequence[Norm]) -> dict[str, str]:
    """Return policy files that state `norms`, a file an app."""
    return {f"{product}.yaml": _file(product, norms) for product in PRODUCTS}


def _file(product: str, norms: Sequence[Norm]) -> str:
    rules: list[dict[str, object]] = [
        {"actions": ["*"], "effect": "EFFECT_ALLOW", "roles": ["*"]},
        *(
            {
                "actions": list(norm.actions),
                "effect": "EFFECT_DENY",
                "roles": ["*"],
                "condition": {"match": {"expr": condition(norm)}},
            }
            for norm in norms
            if norm.product == product
        ),
    ]
    policy = {"resource": product, "version": "default", "rules": rules}
    # JSON is YAML.
    return json.dumps({"apiVersion": "api.cerbos.dev/v1", "resourcePolicy": policy}, indent=1)


def condition(norm: Norm) -> str:
    """Return the condition of a rule in CEL, the most telling part first."""
    parts = [f'R.attr.{norm.factor} == "{norm.place}"']
    if norm.populations:
        parts.append(f"R.attr.{norm.factor}_as in {json.dumps(norm.populations)}")
    if norm.device:
        parts.append(f'R.attr.device == "{norm.device}"')
    if norm.below_age:
        parts.append(f"R.attr.age < {norm.below_age}")
    if norm.excepts_official:
        parts.append("!R.attr.official")
    return " && ".join(parts)


def write_policies(norms: Sequence[Norm], folder: Path) -> Path:
    """Write `policy_files(norms)` into `folder`; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in policy_files(norms).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def attributes(asked: Asked, at: date) -> dict[str, Value]:
    """Return the facts of a question, by name."""
    found: dict[str, Value] = {
        "device": asked.device,
        "official": asked.official,
        "age": asked.age(at),
    }
    for tie in asked.ties:
        found |= {tie.factor: tie.place, f"{tie.factor}_as": tie.population}
    return found


def batch_request(asked: Sequence[Asked]) -> bytes:
    """Return questions as one message."""
    at = today()
    request = _CLASSES["Request"](request_id="bench")
    request.principal.id = "bench"
    request.principal.roles.append("service")
    for one in asked:
        entry = request.resources.add(actions=[one.action])
        entry.resource.kind = one.product
        entry.resource.id = one.account
        for name, value in attributes(one, at).items():
            _set_value(entry.resource.attr.add(key=name).value, value)
    octets: bytes = request.SerializeToString()
    return octets


def _set_value(target: Any, value: Value) -> None:
    match value:
        case bool():
            target.bool_value = value
        case str():
            target.string_value = value
        case _:
            target.number_value = value


def check_request(asked: Asked) -> bytes:
    """Return one question as a message."""
    return batch_request([asked])


def read_request(message: bytes) -> Any:
    """Return a request as its message."""
    return _CLASSES["Request"].FromString(message)


def batch_reply(message: bytes) -> list[bool]:
    """Return which questions of a request the reply denies."""
    reply = _CLASSES["Response"].FromString(message)
    return [EFFECTS[effect.value] for result in reply.results for effect in result.actions]
