"""What can be set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from comity.settings.address import Address

MASK = "********"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as `comity config` shows it.

    Attributes:
        name: name of the setting.
        value: what is in force; secrets are masked, empty if not set.
        origin: `default`, `environment COMITY_...` or `flag --...`.
        help: what it is for.
    """

    name: str
    value: str
    origin: str
    help: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set, checked. The table in `comity.settings.table` explains each.

    Attributes:
        listen: where decisions are served.
        control_listen: where the control port is served.
        metrics_listen: where metrics and status are served over HTTP.
        policies: directory of the policy files.
        data_dir: directory for what must outlive the process.
        geoip_database: MaxMind DB file of places; None for the embedded one.
        geoip_anonymous: MaxMind DB file of anonymous addresses; None for none.
        tls_certificate: PEM file of the server's certificate chain; None for no TLS.
        tls_key: PEM file of its private key; None for no TLS.
        tls_client_ca: PEM file of the authorities whose client certificates are asked for.
        insecure: whether listening beyond loopback without TLS is accepted.
        callers: file that says which caller may do what; None for none.
        pseudonym_key: secret from which pseudonyms of accounts are made; empty for keys made and
            kept in the data directory.
        pseudonym_rotate_days: days after which another key of pseudonyms is made.
        seal_public_key: file of the legal key to which sensitive facts are sealed; None to keep
            none of them.
        seal_private_key: file of the private legal key, with which GetDecision opens sealed facts;
            None to leave them sealed.
        archive: where `comity journal archive` puts spans, a directory or a URI; empty for nowhere.
        journal_flush_seconds: how much of the journal may be lost if the node dies; 0 for nothing.
        journal_segment_bytes: size of a segment of the journal.
        journal_rotate_seconds: age at which a segment of the journal is sealed.
        journal_budget_bytes: what the journal may take of the disk.
        journal_when_full: what gives way in a full journal: auto, refuse or drop_oldest.
        journal_keep_until: when a segment may be removed for room: auto, exported or archived.
        dead_letters_bytes: what spans that a collector refused may take of the disk.
        export_allow_ratio: share of plain allow decisions that a collector gets.
        workers: processes that answer calls.
        silence_seconds: how long a worker may give no sign of life.
        threads: threads that answer calls.
        max_in_flight: calls that run or wait at a time, of all callers.
        max_in_flight_per_caller: the same of one caller.
        grace_seconds: how long calls under way may take at shutdown.
        drain_seconds: how long new calls are still taken after health says NOT_SERVING.
        max_request_bytes: longest request accepted.
        max_reply_bytes: longest reply sent.
        keepalive_seconds: how often silent connections are probed.
        max_connection_age_seconds: after how long clients are asked to connect anew.
        poll_seconds: how often files are compared with what is in force.
        settle_seconds: how long policy files must not have changed before they are taken up.
        max_age_seconds: how long a cache may keep a reply.
        log_level: least severity that is logged.
        banner: whether a banner is printed once the server serves.
        origins: name -> where its value came from.
    """

    listen: Address
    control_listen: Address
    metrics_listen: Address
    policies: Path
    data_dir: Path
    geoip_database: Path | None
    geoip_anonymous: Path | None
    tls_certificate: Path | None
    tls_key: Path | None
    tls_client_ca: Path | None
    insecure: bool
    callers: Path | None
    pseudonym_key: str = field(repr=False)
    pseudonym_rotate_days: int
    seal_public_key: Path | None
    seal_private_key: Path | None
    archive: str
    journal_flush_seconds: float
    journal_segment_bytes: int
    journal_rotate_seconds: float
    journal_budget_bytes: int
    journal_when_full: str
    journal_keep_until: str
    dead_letters_bytes: int
    export_allow_ratio: float
    workers: int
    silence_seconds: float
    threads: int
    max_in_flight: int
    max_in_flight_per_caller: int
    grace_seconds: float
    drain_seconds: float
    max_request_bytes: int
    max_reply_bytes: int
    keepalive_seconds: float
    max_connection_age_seconds: float
    poll_seconds: float
    settle_seconds: float
    max_age_seconds: int
    log_level: str
    banner: bool
    origins: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), repr=False, compare=False
    )

    @property
    def tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.tls_certificate is not None
