"""Panes of the screen: each draws a slice of the model and posts messages."""
