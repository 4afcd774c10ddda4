"""The supervisor: `comity serve`."""

from comity.supervisor.serving import Supervisor, serve

__all__ = ["Supervisor", "serve"]
