"""Callers and what they may ask for, from a file: `callers.yaml`.

    callers:
      - identity: spiffe://example.org/legal-desk
        views: [caller, user, legal]
        as_of: true

The identity is that of the client certificate. Who is not listed may use the views `caller` and
`user` of the present; callers on the same machine may use everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from comity.domain.errors import ComityError, NotEntitledError
from comity.domain.request import Caller, Options, View

MOST_BYTES: Final = 1 << 20
_KEYS: Final = ("identity", "views", "as_of")


@dataclass(frozen=True, slots=True)
class Entitled:
    """What one caller may ask for.

    Attributes:
        views: views that it may choose.
        as_of: whether it may ask about another instant or another state of knowledge.
    """

    views: frozenset[View]
    as_of: bool


_ORDINARY: Final = Entitled(frozenset({View.CALLER, View.USER}), as_of=False)
_EVERYTHING: Final = Entitled(frozenset(View), as_of=True)


class CallersFileError(ComityError):
    """The file can't be used; the message lists every mistake with its place."""


class CallersFile:
    """What callers may ask for, from a file that may be edited at any time.

    Attributes:
        error: why the present content is refused, the last good one staying in force; None if
            it is in force.
    """

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            CallersFileError: it can't be read or has mistakes.
        """
        self._path = path
        self._seen = _read(path)
        self._entitled = parse_callers(self._seen, path.name)
        self.error: str | None = None

    def reload_if_changed(self) -> bool:
        """Take up the file if it changed; return whether its new content was looked at.

        Content with mistakes changes nothing and shows in `error`.
        """
        try:
            content = _read(self._path)
            if content == self._seen:
                return False
            self._seen = content
            self._entitled = parse_callers(content, self._path.name)
        except CallersFileError as error:
            changed = str(error) != self.error
            self.error = str(error)
            return changed
        self.error = None
        return True

    def open_to_all(self, options: Options) -> bool:
        """Return False: a caller that is listed may be left with less than anybody else has."""
        del options
        return False

    def require(self, caller: Caller, options: Options) -> None:
        """Return if `caller` may use `options`.

        Raises:
            NotEntitledError: it may not; the message names the option.
        """
        entitled = _EVERYTHING if caller.loopback else _ORDINARY
        if not caller.loopback and caller.identity is not None:
            entitled = self._entitled.get(caller.identity, _ORDINARY)
        for option, wanted in (
            ("options.as_of", options.as_of is not None and not entitled.as_of),
            ("options.as_known", options.as_known is not None and not entitled.as_of),
            (f"options.view VIEW_{options.view.name}", options.view not in entitled.views),
        ):
            if wanted:
                message = f"{option} is only for entitled callers"
                raise NotEntitledError(message)


def parse_callers(content: bytes, name: str) -> Mapping[str, Entitled]:
    """Return what each identity may ask for.

    Raises:
        CallersFileError: there are mistakes; the message has a line for each, beginning with
            `name:line:column`.
    """
    try:
        root = yaml.compose(content.decode(), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        message = f"{name}:1:1 is not UTF-8"
        raise CallersFileError(message) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else f"{name}:1:1"
        message = f"{place} is not YAML: {error.problem}"
        raise CallersFileError(message) from error
    except (yaml.YAMLError, RecursionError) as error:
        message = f"{name}:1:1 holds characters that YAML does not allow, or is nested too deeply"
        raise CallersFileError(message) from error
    reader = _Reader(name)
    entitled = reader.callers(root)
    if reader.mistakes:
        raise CallersFileError("\n".join(reader.mistakes))
    return entitled


class _Reader:
    """Reads the nodes of the file and gathers mistakes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.mistakes: list[str] = []

    def callers(self, root: yaml.Node | None) -> Mapping[str, Entitled]:
        """Return what each identity may ask for."""
        if root is None:
            self.mistakes.append(f"{self._name}:1:1 must hold `callers:` with a list")
            return {}
        listed = self._mapping(root, ("callers",)).get("callers")
        if not isinstance(listed, yaml.SequenceNode):
            self._wrong(listed or root, "`callers:` must be a list")
            return {}
        found: dict[str, Entitled] = {}
        for node in listed.value:
            keys = self._mapping(node, _KEYS)
            identity = self._text(keys.get("identity"))
            if not identity:
                self._wrong(node, "needs an `identity`, that of the client certificate")
            elif identity in found:
                self._wrong(keys["identity"], f"{identity} is listed twice")
            found[identity] = Entitled(self._views(keys.get("views")), self._as_of(keys))
        return found

    def _views(self, node: yaml.Node | None) -> frozenset[View]:
        """Return the views named; the ordinary ones if none are."""
        if node is None:
            return _ORDINARY.views
        named = node.value if isinstance(node, yaml.SequenceNode) else [node]
        views = set()
        for one in named:
            text = self._text(one)
            if text in set(View):
                views.add(View(text))
            else:
                self._wrong(one, f"{text!r} is no view; views are {', '.join(View)}")
        return frozenset(views)

    def _as_of(self, keys: Mapping[str, yaml.Node]) -> bool:
        """Return whether other instants may be asked about."""
        node = keys.get("as_of")
        text = "false" if node is None else self._text(node)
        if text not in ("true", "false"):
            self._wrong(node, "`as_of` must be true or false")
        return text == "true"

    def _mapping(self, node: yaml.Node, allowed: tuple[str, ...]) -> dict[str, yaml.Node]:
        """Return the values of a mapping by key."""
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, f"must be a mapping with {', '.join(allowed)}")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = self._text(key)
            if name not in allowed:
                self._wrong(key, f"unknown key {name!r}; keys are {', '.join(allowed)}")
            elif name in found:
                self._wrong(key, f"the key {name!r} stands here twice")
            found.setdefault(name, value)
        return found

    def _text(self, node: yaml.Node | None) -> str:
        """Return the text of a scalar; empty for anything else."""
        return str(node.value) if isinstance(node, yaml.ScalarNode) else ""

    def _wrong(self, node: yaml.Node | None, why: str) -> None:
        """Note a mistake at `node`."""
        mark = node.start_mark if node else None
        place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
        self.mistakes.append(f"{self._name}:{place} {why}")


def _read(path: Path) -> bytes:
    """Return the content of the file.

    Raises:
        CallersFileError: it can't be read or is too long.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        message = f"{path} can't be read: {error.strerror}"
        raise CallersFileError(message) from error
    if len(content) > MOST_BYTES:
        message = f"{path} is longer than {MOST_BYTES >> 20} MiB"
        raise CallersFileError(message)
    return content
