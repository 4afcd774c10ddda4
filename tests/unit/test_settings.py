"""Settings: precedence, every mistake at once, and what `comity config` shows."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from comity.settings import Address, SettingsError, describe, load_settings, to_environment
from comity.settings.table import TABLE

HOME = {"XDG_STATE_HOME": "/state"}
SECRET = "0123456789abcdef0123456789abcdef"


def mistakes_of(environment: dict[str, str], flags: dict[str, object] | None = None) -> list[str]:
    """Return the lines of what is wrong with the settings."""
    with pytest.raises(SettingsError) as caught:
        load_settings(HOME | environment, flags or {})
    return str(caught.value).splitlines()


def test_defaults_listen_on_loopback_only() -> None:
    """Without any setting nothing is reachable from beyond loopback."""
    settings = load_settings(HOME, {})
    assert str(settings.listen) == "localhost:50051"
    assert settings.listen.loopback
    assert settings.control_listen.loopback
    assert settings.metrics_listen.loopback
    assert settings.data_dir == Path("/state/comity")


def test_a_flag_beats_the_environment_which_beats_the_default() -> None:
    """Each value comes from the nearest place that gives one, and its row says which."""
    settings = load_settings(
        HOME | {"COMITY_THREADS": "4", "COMITY_POLL_SECONDS": "5"},
        {"threads": 6, "grace_seconds": None},
    )
    assert (settings.threads, settings.poll_seconds, settings.grace_seconds) == (6, 5.0, 10.0)
    origins = {row.name: row.origin for row in describe(settings)}
    assert origins["threads"] == "flag --threads"
    assert origins["poll_seconds"] == "environment COMITY_POLL_SECONDS"
    assert origins["grace_seconds"] == "default"


def test_every_mistake_is_reported_at_once() -> None:
    """One run names all mistakes, each with what was given, from where, and what is allowed."""
    lines = mistakes_of(
        {"COMITY_LISTEN": "nowhere", "COMITY_LISTN": "x", "COMITY_TLS_KEY": "key.pem"},
        {"threads": "0", "log_level": "loud"},
    )
    assert lines == [
        "COMITY_LISTN (environment): is no setting. Did you mean COMITY_LISTEN?",
        (
            "listen = 'nowhere' (environment COMITY_LISTEN): "
            "must be host:port, [IPv6 address]:port or unix:/path"
        ),
        "threads = '0' (flag --threads): must be a whole number from 1 to 256",
        (
            "log_level = 'loud' (flag --log-level): "
            "must be one of debug, info, warning, error, critical"
        ),
        "tls_certificate: must be set, since tls_key is",
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("COMITY_FOO", ""),
        ("COMITY_", ""),
        ("COMITY_POLICY", "COMITY_POLICIES"),
        ("COMITY_polices", "COMITY_POLICIES"),
        ("COMITY_WORKER", "COMITY_WORKERS"),
        ("COMITY_THREAD_COUNT", ""),
        # What begins alike is not what was meant: it is the rest of the name that counts.
        ("COMITY_LOG", "COMITY_LOG_LEVEL"),
        ("COMITY_TLS_CERT", "COMITY_TLS_CERTIFICATE"),
        ("COMITY_DATABASE", "COMITY_GEOIP_DATABASE"),
        ("COMITY_MAX_IN_FLIGHT_BY_CALLER", "COMITY_MAX_IN_FLIGHT_PER_CALLER"),
        # Several have the word.
        ("COMITY_GEOIP", ""),
    ],
)
def test_an_unknown_name_suggests_the_setting_that_was_meant(written: str, meant: str) -> None:
    """By spelling, else by words, without the prefix that all share; nothing if it is unclear."""
    hint = f". Did you mean {meant}?" if meant else ""
    assert mistakes_of({written: "x"}) == [f"{written} (environment): is no setting{hint}"]


def test_suggestions_come_with_every_other_mistake() -> None:
    """For variables and flags, each by its own name."""
    lines = mistakes_of({"COMITY_FOO": "x", "COMITY_WORKER": "2"}, {"thread": "4", "workers": "0"})
    assert lines == [
        "COMITY_FOO (environment): is no setting",
        "COMITY_WORKER (environment): is no setting. Did you mean COMITY_WORKERS?",
        "thread (flag): is no setting. Did you mean --threads?",
        "workers = '0' (flag --workers): must be a whole number from 1 to 64",
    ]


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ({"tls_certificate": "c"}, "tls_key: must be set, since tls_certificate is"),
        ({"tls_key": "k"}, "tls_certificate: must be set, since tls_key is"),
        (
            {"tls_client_ca": "a"},
            "tls_client_ca = 'a' (flag --tls-client-ca): needs tls_certificate and tls_key",
        ),
        (
            {"callers": "c", "tls_certificate": "c", "tls_key": "k"},
            (
                "callers = 'c' (flag --callers): "
                "needs tls_client_ca: callers are known by their certificates"
            ),
        ),
        (
            {"listen": "0.0.0.0:50051"},
            (
                "listen = '0.0.0.0:50051' (flag --listen): "
                "is beyond loopback: set tls_certificate and tls_key, or insecure"
            ),
        ),
        (
            {"control_listen": "[::]:50052"},
            (
                "control_listen = '[::]:50052' (flag --control-listen): "
                "is beyond loopback: set tls_certificate and tls_key, or insecure"
            ),
        ),
        (
            {"insecure": True, "tls_certificate": "c", "tls_key": "k"},
            (
                "insecure = 'True' (flag --insecure): "
                "contradicts tls_certificate and tls_key; leave one of them out"
            ),
        ),
        (
            {"listen": "unix:/run/comity.sock", "workers": 2},
            "workers = '2' (flag --workers): must be 1, since listen is a Unix socket",
        ),
        (
            {"listen": "localhost:9464"},
            "metrics_listen = 'localhost:9464' (default): is the address of listen",
        ),
        (
            {"metrics_listen": "unix:/run/comity"},
            (
                "metrics_listen = 'unix:/run/comity' (flag --metrics-listen): "
                "must be host:port, not a Unix socket"
            ),
        ),
        ({"lisen": "x"}, "lisen (flag): is no setting. Did you mean --listen?"),
    ],
)
def test_half_a_configuration_is_refused(flags: dict[str, object], line: str) -> None:
    """Settings that only make sense together are refused when one is missing."""
    assert mistakes_of({}, flags) == [line]


@pytest.mark.parametrize(
    "flags",
    [
        {"listen": "0.0.0.0:50051", "insecure": True},
        {"listen": "0.0.0.0:50051", "tls_certificate": "c", "tls_key": "k"},
        {"listen": "unix:/run/comity.sock"},
        {"listen": "127.0.0.9:0", "control_listen": "127.0.0.9:0"},
        {"metrics_listen": "0.0.0.0:9464"},
    ],
)
def test_complete_configurations_are_accepted(flags: dict[str, object]) -> None:
    """Listening beyond loopback takes TLS or the explicit wish to do without it."""
    settings = load_settings(HOME, flags)
    assert describe(settings)


def test_a_secret_is_masked_wherever_it_is_shown() -> None:
    """Neither rows, nor mistakes, nor the representation of the settings show a secret."""
    settings = load_settings(HOME | {"COMITY_PSEUDONYM_KEY": SECRET}, {})
    assert settings.pseudonym_key == SECRET
    assert SECRET not in repr(settings) + repr(describe(settings))
    (line,) = mistakes_of({"COMITY_PSEUDONYM_KEY": "too-short-a-secret"})
    assert "too-short-a-secret" not in line
    assert "at least 32 characters" in line


def test_variables_that_kubernetes_sets_for_a_service_are_no_mistake() -> None:
    """A Service called comity makes Kubernetes set variables that share the prefix."""
    environment = {
        "COMITY_SERVICE_HOST": "10.0.0.1",
        "COMITY_SERVICE_PORT_GRPC": "50051",
        "COMITY_PORT": "tcp://10.0.0.1:50051",
        "COMITY_PORT_50051_TCP_ADDR": "10.0.0.1",
    }
    assert load_settings(HOME | environment, {}) == load_settings(HOME, {})


def test_the_environment_carries_all_settings_to_another_process() -> None:
    """What `to_environment` gives loads as equal settings, whatever the settings are."""
    given = {
        "listen": "[::1]:0",
        "insecure": "yes",
        "geoip_database": "a b.mmdb",
        "drain_seconds": "0.0125",
        "grace_seconds": "7",
        "pseudonym_key": SECRET,
        "banner": "off",
    }
    settings = load_settings({}, given)
    assert load_settings(to_environment(settings), {}) == settings


@pytest.mark.parametrize("state_home", ["", "relative"])
def test_state_is_kept_in_the_home_directory(tmp_path: Path, state_home: str) -> None:
    """Unless XDG_STATE_HOME names an absolute path, state is kept where its standard says."""
    environment = {"XDG_STATE_HOME": state_home, "HOME": str(tmp_path)}
    assert load_settings(environment, {}).data_dir == tmp_path / ".local/state/comity"


@pytest.mark.parametrize("home", ["", "/dev/null", "/dev/null/home"])
def test_state_has_a_place_without_a_home(home: str) -> None:
    """Without a home that can be written, each user has a directory among temporary files."""
    expected = Path(tempfile.gettempdir()) / f"comity-{os.getuid()}"
    assert load_settings({"HOME": home}, {}).data_dir == expected


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("localhost:1", True),
        ("127.1.2.3:1", True),
        ("[::1]:1", True),
        ("unix:/run/x", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("localhost.example.org:1", False),
        ("192.0.2.1:1", False),
    ],
)
def test_only_loopback_addresses_count_as_loopback(text: str, *, loopback: bool) -> None:
    """Addresses that another machine could reach are not loopback, nor are other names."""
    address = Address.parse(text)
    assert address.loopback is loopback
    assert str(address) == text


@pytest.mark.parametrize(
    "text", ["", "host", ":1", "host:", "host:70000", "::1:5", "[host]:1", "unix:x", "a b:1"]
)
def test_malformed_addresses_are_refused(text: str) -> None:
    """What is neither host and port nor a Unix socket is refused."""
    with pytest.raises(ValueError, match=r"must be|expected|Expected|not permitted|At least"):
        Address.parse(text)


def test_every_setting_has_a_help_text_and_a_default_that_parses() -> None:
    """The table is complete: its defaults, the data directory aside, parse."""
    for setting in TABLE:
        assert setting.help
        if setting.name != "data_dir":
            setting.parse(setting.default)
