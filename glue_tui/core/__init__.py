"""What a workflow means: states, model, graph, rules. Pure: no files, clock, randomness, sockets or SQLite here."""
