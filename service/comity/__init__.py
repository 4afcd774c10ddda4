"""Jurisdictional access control for a messaging platform: cited, traced answers over gRPC."""
