"""Addresses to listen on."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_HOST_AND_PORT = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.%]+)\]|(?P<host>[^\[\]:/\s]+)):(?P<port>\d+)"
)
_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP address, or the path of a Unix socket.

    Attributes:
        host: host name or IP address, without brackets; empty for a Unix socket.
        port: TCP port, 0 to let the system choose; 0 for a Unix socket.
        path: path of the Unix socket; empty for TCP.
    """

    host: str
    port: int
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address that `text` names: `host:port`, `[IPv6]:port` or `unix:/path`.

        Raises:
            ValueError: `text` is none of these.
        """
        if text.startswith("unix:"):
            path = text.removeprefix("unix:")
            if not path.startswith("/"):
                message = "the path of a Unix socket must be absolute"
                raise ValueError(message)
            return cls("", 0, path)
        match = _HOST_AND_PORT.fullmatch(text)
        if match is None or int(match["port"]) > _HIGHEST_PORT:
            message = "must be host:port, [IPv6 address]:port or unix:/path"
            raise ValueError(message)
        if match["ipv6"]:
            ipaddress.IPv6Address(match["ipv6"])
        elif not _HOST_NAME.fullmatch(match["host"]):
            message = "the host must be a name or an IP address"
            raise ValueError(message)
        return cls(match["ipv6"] or match["host"], int(match["port"]))

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it. A name other than localhost is not resolved."""
        if self.path or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def with_port(self, port: int) -> Address:
        """Return this address on another port."""
        return Address(self.host, port)

    def __str__(self) -> str:
        """Return the text that gRPC takes."""
        if self.path:
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
