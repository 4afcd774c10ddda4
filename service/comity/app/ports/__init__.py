"""Ports: the roles that adapters fill, as Protocols, with the values they exchange."""
