"""Scenarios: questions with the answers that a lawyer expects, run against compiled policies."""
