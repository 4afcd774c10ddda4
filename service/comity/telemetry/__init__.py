"""Traces: every decision is a span. What is behind this package may be exchanged."""

from comity.telemetry.destinations import Destination, Place, find_destination
from comity.telemetry.opening import Telemetry, open_telemetry

__all__ = ["Destination", "Place", "Telemetry", "find_destination", "open_telemetry"]
