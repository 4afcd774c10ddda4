"""Traces of decisions: span attributes, the local store and its reader."""
