"""The part of Glue's library that a script without Spark can use: `utils.getResolvedOptions`."""
