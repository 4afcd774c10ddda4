"""Adapters: one vendor a module, each fills one port."""
