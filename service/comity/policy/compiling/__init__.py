"""From policy files to the bundle that answers."""
