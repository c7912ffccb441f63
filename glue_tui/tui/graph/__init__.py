"""The picture of a workflow: pure layout, painting by state, and the widget that shows it."""
