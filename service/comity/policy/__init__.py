"""Policy model: YAML text to documents, problems, compiled rules, engine and reference."""
