"""glue-tui: AWS Glue Workflows on your own machine, in your terminal."""
