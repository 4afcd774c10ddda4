"""`comity route`: asks where an authority's request for user data goes."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from comity.cli.asking import OPTION_FLAGS, SERVER_FLAGS, asking, options_of
from comity.cli.failure import CommandError, Exit
from comity.cli.flags import Flag, Given, with_flags

if TYPE_CHECKING:
    from comity.v1.data_request_service_pb2 import RouteDataRequestRequest

_EPILOG: Final = (
    "The file is a RouteDataRequestRequest in YAML: keys are its field names. A flag beats the "
    "file; --set reaches every field. Example: comity route --instrument fr_court_order "
    "--authority court --state FR --data phone_number --received 2024-10-01. "
    "Exit codes: 0 answered, whatever the answer; 2 the request is not in order; 3 no server; "
    "4 refused."
)
_WHO: Final = "Who asks"
_WHAT: Final = "What for"

_REQUEST_FLAGS: Final = (
    Flag("instrument", "Legal instrument, such as fr_court_order.", "NAME", panel=_WHO),
    Flag("authority", "Kind of authority, such as court.", "NAME", panel=_WHO),
    Flag("state", "Issuing state, ISO 3166-1 alpha-2, or body.", "CODE", panel=_WHO),
    Flag("validated_by", "Kind of authority that validated it.", "NAME", panel=_WHO),
    Flag("authenticity", "verified, unconfirmed or forged.", "WORD", panel=_WHO),
    Flag("received", "When it was received; default now.", "INSTANT", panel=_WHO),
    Flag("signed", "When it was signed.", "INSTANT", panel=_WHO),
    Flag("deadline", "By when the order itself wants an answer.", "INSTANT", panel=_WHO),
    Flag("lacking", "What it lacks, such as reasons.", "NAME", many=True, panel=_WHO),
    Flag("data", "Data category, such as phone_number.", "NAME", many=True, panel=_WHAT),
    Flag("since", "Start of the period asked for.", "INSTANT", panel=_WHAT),
    Flag("until", "End of the period asked for.", "INSTANT", panel=_WHAT),
    Flag("account", "Identifier of the account.", "ID", panel=_WHAT),
    Flag("phone", "Phone number of the account.", "NUMBER", panel=_WHAT),
    Flag("role", "suspect, witness, victim, missing or group.", "WORD", panel=_WHAT),
    Flag("offence", "Offence, such as drug_trafficking.", "NAME", many=True, panel=_WHAT),
    Flag("penalty", "Highest penalty, in months.", "MONTHS", panel=_WHAT),
    Flag("emergency", "life, body or critical_infrastructure.", "DANGER", panel=_WHAT),
    Flag("profile", "Profile of the platform's policy to judge by.", "NAME", panel=_WHAT),
    Flag("set", "Any field, as offence.lists=epoc.", "FIELD=VALUE", many=True, panel=_WHAT),
)
_PATHS: Final = {
    "instrument": "instrument",
    "authority": "authority.kind",
    "state": "authority.issuing_state",
    "validated_by": "authority.validated_by",
    "authenticity": "authority.authenticity",
    "received": "received_at",
    "signed": "signed_at",
    "deadline": "order_deadline",
    "lacking": "lacking",
    "data": "data",
    "account": "subject.account_id",
    "phone": "subject.phone_number",
    "role": "person.role",
    "offence": "offence.categories",
    "penalty": "offence.maximum_penalty_months",
    "emergency": "emergency.danger",
    "profile": "profile",
}
_FILE: Final = Parameter(
    "file",
    Parameter.POSITIONAL_OR_KEYWORD,
    default=None,
    annotation=Annotated[
        Path | None, typer.Argument(help="YAML file of the request; - for standard input.")
    ],
)


def register(app: typer.Typer) -> None:
    """Add `comity route`."""
    command = with_flags(
        route_data_request, *_REQUEST_FLAGS, *OPTION_FLAGS, *SERVER_FLAGS, before=(_FILE,)
    )
    app.command("route", epilog=_EPILOG)(command)


def route_data_request(given: Given) -> None:
    """Ask where an authority's request for user data goes, what may be disclosed, and by when.

    Raises:
        CommandError: there is no answer, or the request is not in order.
    """
    request, options = request_of(given), options_of(given)
    with asking(given) as client:
        request.options.CopyFrom(options.to_proto())
        reply = client.route_data_request(request)
    if given["json"]:
        from comity.cli.output import print_json

        print_json(reply)
    else:
        from comity.cli.route_text import route_lines

        print(*route_lines(request, reply), sep="\n")


def request_of(given: Given) -> RouteDataRequestRequest:
    """Return the request that file and flags make.

    Raises:
        CommandError: something has no place in a request.
    """
    from comity.cli.request_file import fill
    from comity.v1.data_request_service_pb2 import RouteDataRequestRequest

    fields: dict[str, Any] = {"received_at": datetime.now(UTC).isoformat()}
    fields |= _read(given["file"])
    for flag, path in _PATHS.items():
        if given[flag]:
            _put(fields, path, given[flag])
    for text in given["set"]:
        path, equals, value = text.partition("=")
        if not path or not equals:
            raise CommandError(Exit.MISUSED, "--set: must be FIELD=VALUE")
        _put(fields, path, value)
    request = RouteDataRequestRequest()
    fill(request, fields)
    period = {key: given[key] for key in ("since", "until") if given[key]}
    for data in request.data if period else ():
        fill(data, {"period": period})
    return request


def _read(file: Path | None) -> dict[str, Any]:
    """Return the fields in the request's file; none without one.

    Raises:
        CommandError: it can't be read.
    """
    from comity.cli.request_file import read_yaml

    if file is None:
        return {}
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise CommandError(Exit.MISUSED, f"{file} can't be read: {why}") from error
    return read_yaml(text, str(file))


def _put(fields: dict[str, Any], path: str, value: object) -> None:
    """Put `value` where `path` leads."""
    *ways, last = path.split(".")
    for way in ways:
        inner = fields.get(way)
        if not isinstance(inner, dict):
            inner = fields[way] = {}
        fields = inner
    fields[last] = value
