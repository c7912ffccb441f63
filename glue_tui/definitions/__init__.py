"""TOML files into the core model, or problems with file, line and key; the last good version of each file."""
