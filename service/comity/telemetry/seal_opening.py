"""Opens what records keep sealed, each time after it was recorded that this is done."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from comity.app.ports.decision_records import NotOpenedError, NotRecomputed
from comity.domain.errors import NotRecordedError
from comity.telemetry.descriptions import OPENED
from comity.telemetry.identifiers import identity_octets
from comity.telemetry.opening import Telemetry
from comity.telemetry.recollection import Recollection
from comity.telemetry.sealed_facts import KEY, SealError, key_id, open_seal

READER: Final = "comity.explain.reader"
_SPAN: Final = "comity.explain"
_CONFIRM_SECONDS: Final = 5.0


class RecordedSealOpener:
    """A `SealOpener` with the private key of one pair."""

    def __init__(self, private_key: X25519PrivateKey, telemetry: Telemetry) -> None:
        """Open with `private_key`; `telemetry` records it."""
        self._private_key = private_key
        self._telemetry = telemetry

    def open(self, recorded: Recollection, reader: str) -> str:
        """Return what was asked, as JSON, after it was recorded that `reader` has it opened.

        Raises:
            NotOpenedError: the key doesn't fit, or what was sealed was altered.
            NotRecordedError: it can't be recorded that it is opened; nothing was.
        """
        identity = recorded.decision_id
        if self._telemetry.delivery is None:
            message = "sealed facts are opened only where that is recorded; traces are off"
            raise NotRecordedError(message)
        said = {OPENED: identity, KEY: recorded.sealed_to, READER: reader}
        with self._telemetry.span(_SPAN, said):
            pass
        if not self._telemetry.flush(_CONFIRM_SECONDS):
            message = "the disk didn't confirm the record that sealed facts are opened"
            raise NotRecordedError(message)
        attributes, bound_to = recorded.span.attributes, identity_octets(identity)
        try:
            return open_seal(self._private_key, attributes, bound_to)
        except SealError as error:
            fits = key_id(self._private_key.public_key()) == recorded.sealed_to
            why = NotRecomputed.ALTERED if fits else NotRecomputed.SEALED
            raise NotOpenedError(why, str(error)) from error
