"""glue-tui: AWS Glue Workflows on your own machine, in your terminal."""

__version__ = "0.3.0"
