"""The child processes: a fork server with everything imported, and one attempt of a node from spec to result."""
