"""How the terminal and the command line reach the engine and the history. Never imports the engine at module level."""
