"""The policy files as they are written, one class a kind of mapping."""
