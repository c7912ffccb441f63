"""The command line: one module per noun. It asks, waits and prints; it decides nothing.

Data goes to stdout, narration to stderr. Modules import what is heavy inside their functions, so that `--help` and
`runs` start at once.
"""
