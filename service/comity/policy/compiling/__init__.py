"""From policy files to the bundle that answers: `compilation.compile_policies`."""
