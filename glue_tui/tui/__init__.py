"""The terminal: a model folded from the feed, one table of actions, and panes that draw a slice of the model."""
