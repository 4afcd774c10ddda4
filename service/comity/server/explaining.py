"""Wires what explains recorded decisions to journal, archive, revisions and the legal key."""

from __future__ import annotations

from importlib.util import find_spec

import grpc

from comity.app.active_policy import PolicyHolder
from comity.app.explanation import DecisionExplaining
from comity.app.startup import ExitCode, StartupError
from comity.grpc_api.callers import Entitlements
from comity.grpc_api.decisions import DecisionServicer
from comity.journal.places import journal_in
from comity.settings import Settings
from comity.telemetry import Telemetry
from comity.telemetry.records import KeptRecords
from comity.telemetry.seal_opening import RecordedSealOpener
from comity.telemetry.sealed_facts import SealError, read_private_key
from comity.v1 import decision_service_pb2_grpc


def add_decision_service(
    server: grpc.Server,
    settings: Settings,
    holder: PolicyHolder,
    telemetry: Telemetry,
    entitlements: Entitlements,
) -> None:
    """Let `server` explain the decisions that processes of this node recorded.

    Raises:
        StartupError: the private legal key can't be used, or what reads the archive is missing.
    """
    if settings.archive and find_spec("pyarrow") is None:
        message = "archive is set, and reading it needs pyarrow: pip install 'comity[archive]'"
        raise StartupError(ExitCode.SETTINGS_INVALID, message)
    explaining = DecisionExplaining(
        KeptRecords(journal_in(settings.data_dir), settings.archive),
        holder,
        _opener(settings, telemetry),
    )
    decision_service_pb2_grpc.add_DecisionServiceServicer_to_server(
        DecisionServicer(explaining, entitlements), server
    )


def _opener(settings: Settings, telemetry: Telemetry) -> RecordedSealOpener | None:
    """Return what opens sealed facts; None without the private key.

    Raises:
        StartupError: the key can't be used.
    """
    if settings.seal_private_key is None:
        return None
    try:
        return RecordedSealOpener(read_private_key(settings.seal_private_key), telemetry)
    except SealError as error:
        message = f"seal_private_key can't be used: {error}"
        raise StartupError(ExitCode.SETTINGS_INVALID, message) from error
