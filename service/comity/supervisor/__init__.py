"""The supervisor: `comity serve`."""

from comity.supervisor.serving import Equipment, serve

__all__ = ["Equipment", "serve"]
