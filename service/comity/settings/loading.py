"""Loads the settings: defaults, then the environment, then flags; every mistake at once."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from comity.settings.resemblance import setting_meant
from comity.settings.settings import MASK, SettingRow, Settings
from comity.settings.table import TABLE, Setting

PREFIX: Final = "COMITY_"
# Variables that share the prefix and are not ours: Kubernetes sets these for a Service that is
# called "comity", the client takes COMITY_SERVER, and the tests have their own.
_FOREIGN: Final = re.compile(r"COMITY_(SERVICE_(HOST|PORT.*)|PORT(_.*)?|SERVER(_.*)?|TEST_.*)")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with the settings.

    Attributes:
        name: setting, or variable or flag that is none.
        given: what was given, secrets masked; empty if the mistake is that nothing was.
        origin: where it came from.
        allowed: what is allowed instead, a clause.
    """

    name: str
    given: str
    origin: str
    allowed: str

    def __str__(self) -> str:
        """Return one line for people."""
        given = f" = {self.given!r}" if self.given else ""
        origin = f" ({self.origin})" if self.origin else ""
        return f"{self.name}{given}{origin}: {self.allowed}"


class SettingsError(Exception):
    """The settings have mistakes; carries all of them."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        """Keep `mistakes`, at least one."""
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


def load_settings(environment: Mapping[str, str], flags: Mapping[str, object]) -> Settings:
    """Return the settings; a flag beats the environment, which beats the default.

    Args:
        environment: environment variables; those not beginning with `COMITY_` only help to find
            the default data directory.
        flags: setting name -> value; None for a flag not given.

    Raises:
        SettingsError: something is wrong; carries every mistake.
    """
    mistakes = list(_unknown(environment, flags))
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for setting in TABLE:
        text, origin = _text_of(setting, environment, flags)
        origins[setting.name] = origin
        try:
            values[setting.name] = setting.parse(text)
        except ValueError:
            given = MASK if setting.secret else text
            allowed = f"must be {setting.allowed}"
            mistakes.append(Mistake(setting.name, given, origin, allowed))
    mistakes += _contradictions(values, origins)
    if mistakes:
        raise SettingsError(tuple(mistakes))
    return Settings(**values, origins=MappingProxyType(origins))


def describe(settings: Settings) -> tuple[SettingRow, ...]:
    """Return a row for every setting, in the order of the table."""
    return tuple(
        SettingRow(
            name=setting.name,
            value=MASK if setting.secret and text else text,
            origin=settings.origins.get(setting.name, "default"),
            help=setting.help,
        )
        for setting, text in _texts(settings)
    )


def to_environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables from which `load_settings` makes the same settings."""
    return {setting.variable: text for setting, text in _texts(settings)}


def _texts(settings: Settings) -> Iterator[tuple[Setting, str]]:
    """Yield each setting with the text of its value."""
    for setting in TABLE:
        value = getattr(settings, setting.name)
        match value:
            case None:
                yield setting, ""
            case bool():
                yield setting, "true" if value else "false"
            case float():
                yield setting, repr(value).removesuffix(".0")
            case _:
                yield setting, str(value)


def _text_of(
    setting: Setting, environment: Mapping[str, str], flags: Mapping[str, object]
) -> tuple[str, str]:
    """Return the text that counts, and where it came from."""
    flag = flags.get(setting.name)
    if flag is not None:
        return str(flag), f"flag {setting.flag}"
    if setting.variable in environment:
        return environment[setting.variable].strip(), f"environment {setting.variable}"
    if setting.name == "data_dir":
        return str(_default_data_dir(environment)), "default"
    return setting.default, "default"


def _default_data_dir(environment: Mapping[str, str]) -> Path:
    """Return where the XDG base directory specification keeps state.

    Without a home directory that can be written, as services often are run, it is a directory of
    this user among the temporary files. What was asked for by XDG_STATE_HOME is never replaced.

    Source: https://specifications.freedesktop.org/basedir-spec/latest/
    """
    state = environment.get("XDG_STATE_HOME", "")
    if state.startswith("/"):
        return Path(state) / "comity"
    home = environment.get("HOME", "")
    if home.startswith("/"):
        kept = Path(home) / ".local" / "state" / "comity"
        if _can_be_written(kept):
            return kept
    return Path(tempfile.gettempdir()) / f"comity-{os.getuid()}"


def _can_be_written(directory: Path) -> bool:
    """Return whether `directory` can be written, or made if it is not there."""
    nearest = next(path for path in (directory, *directory.parents) if path.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _unknown(environment: Mapping[str, str], flags: Mapping[str, object]) -> Iterator[Mistake]:
    """Yield a mistake for every variable and flag that is no setting."""
    known = {setting.name: setting for setting in TABLE}
    variables = {setting.variable for setting in TABLE}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in variables and not _FOREIGN.fullmatch(name):
            meant = setting_meant(name.removeprefix(PREFIX), known)
            hint = f". Did you mean {known[meant].variable}?" if meant else ""
            yield Mistake(name, "", "environment", f"is no setting{hint}")
    for name in sorted(set(flags) - known.keys()):
        meant = setting_meant(name, known)
        hint = f". Did you mean {known[meant].flag}?" if meant else ""
        yield Mistake(name, "", "flag", f"is no setting{hint}")


def _contradictions(values: Mapping[str, Any], origins: Mapping[str, str]) -> Iterator[Mistake]:
    """Yield a mistake for every setting that doesn't go with another. Absent ones are skipped."""

    def mistake(name: str, allowed: str) -> Mistake:
        value = values.get(name)
        given = "" if value is None or value is False else str(value)
        return Mistake(name, given, origins[name] if given else "", allowed)

    certificate, key = values.get("tls_certificate"), values.get("tls_key")
    if certificate is None and key is not None:
        yield mistake("tls_certificate", "must be set, since tls_key is")
    if key is None and certificate is not None:
        yield mistake("tls_key", "must be set, since tls_certificate is")
    if values.get("tls_client_ca") is not None and certificate is None and key is None:
        yield mistake("tls_client_ca", "needs tls_certificate and tls_key")
    if values.get("callers") is not None and values.get("tls_client_ca") is None:
        yield mistake("callers", "needs tls_client_ca: callers are known by their certificates")
    tls = certificate is not None or key is not None
    insecure = values.get("insecure", False)
    if tls and insecure:
        yield mistake("insecure", "contradicts tls_certificate and tls_key; leave one of them out")
    for name in ("listen", "control_listen"):
        if name in values and not (values[name].loopback or tls or insecure):
            yield mistake(name, "is beyond loopback: set tls_certificate and tls_key, or insecure")
    listen = values.get("listen")
    if listen is not None and listen.path and values.get("workers", 1) > 1:
        yield mistake("workers", "must be 1, since listen is a Unix socket")
    yield from _clashes(values, origins)


def _clashes(values: Mapping[str, Any], origins: Mapping[str, str]) -> Iterator[Mistake]:
    """Yield a mistake for every address that is given twice."""
    seen: dict[str, str] = {}
    for name in ("listen", "control_listen", "metrics_listen"):
        address = values.get(name)
        if address is None:
            continue
        if name == "metrics_listen" and address.path:
            yield Mistake(name, str(address), origins[name], "must be host:port, not a Unix socket")
        if address.port or address.path:
            other = seen.setdefault(str(address), name)
            if other != name:
                yield Mistake(name, str(address), origins[name], f"is the address of {other}")
