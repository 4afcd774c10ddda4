"""A decision worker: the process that answers."""

from comity.server.worker import run_worker

__all__ = ["run_worker"]
