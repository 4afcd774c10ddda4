"""The table of settings: name, default, what is allowed, what for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from comity.settings.address import Address

Value = Address | Path | str | int | float | bool | None
Parser = Callable[[str], Value]

SHORTEST_SECRET: Final = 32
_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    Attributes:
        name: attribute of `Settings`; `COMITY_` and its upper case in the environment, with
            dashes as a flag.
        default: text of the default; empty for not set.
        parse: turns text into a value, or raises `ValueError`.
        allowed: what is allowed, to complete "must be".
        help: what it is for.
        secret: whether its value is masked wherever it is shown.
        switch: whether it is on or off, so that its flag takes no value.
    """

    name: str
    default: str
    parse: Parser
    allowed: str
    help: str
    secret: bool = False
    switch: bool = False

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"COMITY_{self.name.upper()}"

    @property
    def flag(self) -> str:
        """Its flag on the command line."""
        return f"--{self.name.replace('_', '-')}"


def _address(name: str, default: str, purpose: str) -> Setting:
    """Return a setting that holds an address to listen on."""
    allowed = "host:port, [IPv6 address]:port or unix:/path"
    return Setting(name, default, Address.parse, allowed, purpose)


def _file(name: str, purpose: str) -> Setting:
    """Return a setting that may name a file."""
    return Setting(name, "", lambda text: Path(text) if text else None, "a path", purpose)


def _directory(name: str, default: str, purpose: str) -> Setting:
    """Return a setting that names a directory."""

    def parse(text: str) -> Path:
        if not text:
            raise ValueError
        return Path(text).expanduser()

    return Setting(name, default, parse, "a path", purpose)


def _whole(name: str, default: int, least: int, most: int, purpose: str) -> Setting:
    """Return a setting that holds a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ValueError
        return int(text)

    return Setting(name, str(default), parse, f"a whole number from {least} to {most}", purpose)


def _number(name: str, default: str, least: float, most: float, purpose: str) -> Setting:
    """Return a setting that holds a number from `least` to `most`."""

    def parse(text: str) -> float:
        number = float(text)
        if not least <= number <= most:
            raise ValueError
        return number

    return Setting(name, default, parse, f"a number from {least:g} to {most:g}", purpose)


def _switch(name: str, default: str, purpose: str) -> Setting:
    """Return a setting that is on or off."""

    def parse(text: str) -> bool:
        lowered = text.lower()
        if lowered not in _TRUE | _FALSE:
            raise ValueError
        return lowered in _TRUE

    return Setting(name, default, parse, "true or false", purpose, switch=True)


def _choice(name: str, default: str, choices: tuple[str, ...], purpose: str) -> Setting:
    """Return a setting that holds one of a few words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError
        return text

    return Setting(name, default, parse, f"one of {', '.join(choices)}", purpose)


def _secret(name: str, purpose: str) -> Setting:
    """Return a setting that may hold a secret."""

    def parse(text: str) -> str:
        if text and len(text) < SHORTEST_SECRET:
            raise ValueError
        return text

    return Setting(name, "", parse, f"at least {SHORTEST_SECRET} characters", purpose, secret=True)


TABLE: Final[tuple[Setting, ...]] = (
    _address("listen", "localhost:50051", "where decisions are served over gRPC"),
    _address("control_listen", "localhost:50052", "where health and Watch are served over gRPC"),
    _address("metrics_listen", "localhost:9464", "where /metrics and /status are served over HTTP"),
    _directory("policies", "policies", "directory of the policy files"),
    _directory("data_dir", "", "directory for the last good policies and the journal"),
    _file("geoip_database", "MaxMind DB file of countries or cities; not set: the embedded one"),
    _file("geoip_anonymous", "MaxMind DB file of anonymous addresses; not set: none"),
    _file("tls_certificate", "PEM file of the server's certificate chain; not set: no TLS"),
    _file("tls_key", "PEM file of the private key of the certificate"),
    _file("tls_client_ca", "PEM file of authorities; set: callers must show a certificate"),
    _switch("insecure", "false", "accept callers from beyond loopback without TLS"),
    _file("callers", "file that says which caller may use which view and as_of"),
    _secret("pseudonym_key", "secret behind the pseudonyms of accounts; not set: one is made"),
    _whole("pseudonym_rotate_days", 90, 1, 36_500, "when another key is made, if it is not set"),
    _file("seal_public_key", "X25519 key that sensitive facts are sealed to; not set: not kept"),
    _file(
        "seal_private_key", "its private key, for GetDecision to open them; not set: stay sealed"
    ),
    Setting("archive", "", str, "a path or a URI", "archive that is asked for older decisions"),
    _number("journal_flush_seconds", "1", 0, 60, "how much may be lost with the node"),
    _whole("journal_segment_bytes", 8 << 20, 1 << 20, 1 << 30, "size of a segment of the journal"),
    _number("journal_rotate_seconds", "60", 1, 86_400, "age at which a segment is sealed"),
    _whole("journal_budget_bytes", 1 << 30, 8 << 20, 1 << 50, "what the journal may take"),
    _choice(
        "journal_when_full",
        "auto",
        ("auto", "refuse", "drop_oldest"),
        "what gives way in a full journal; auto: refuse with a collector, drop_oldest without",
    ),
    _choice(
        "journal_keep_until",
        "auto",
        ("auto", "exported", "archived"),
        "when a segment may go for room; auto: archived if `archive` is set, else exported",
    ),
    _whole("dead_letters_bytes", 64 << 20, 1 << 20, 1 << 40, "what dead letters may take"),
    _number(
        "export_allow_ratio", "1", 0, 1, "share of plain allow decisions that a collector gets"
    ),
    _whole("workers", 1, 1, 64, "processes that answer calls"),
    _number("silence_seconds", "5", 0.5, 600, "when a worker without sign of life is replaced"),
    _whole("threads", 10, 1, 256, "threads of a worker that answer calls"),
    _whole("max_in_flight", 256, 1, 100_000, "calls that run or wait at a time, in a worker"),
    _whole("max_in_flight_per_caller", 128, 1, 100_000, "the same, of one caller"),
    _number("grace_seconds", "10", 0, 600, "how long calls under way may take at shutdown"),
    _number("drain_seconds", "1", 0, 60, "how long calls are taken after health says NOT_SERVING"),
    _whole("max_request_bytes", 4 << 20, 1 << 10, 64 << 20, "longest request accepted"),
    _whole("max_reply_bytes", 16 << 20, 1 << 10, 256 << 20, "longest reply sent"),
    _number("keepalive_seconds", "60", 1, 7200, "how often silent connections are probed"),
    _number(
        "max_connection_age_seconds", "300", 1, 86_400, "when clients are asked to connect anew"
    ),
    _number("poll_seconds", "2", 0.05, 3600, "how often files are compared with what is in force"),
    _number("settle_seconds", "0.1", 0.005, 60, "how long files must not change to be taken up"),
    _whole("max_age_seconds", 60, 0, 86_400, "how long a cache may keep a reply"),
    _choice(
        "log_level",
        "info",
        ("debug", "info", "warning", "error", "critical"),
        "least severity that is logged",
    ),
    _switch("banner", "true", "print a banner once the server serves"),
)
