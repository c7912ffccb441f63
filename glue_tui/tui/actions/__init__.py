"""The one table of everything a key can do: `table` has it whole, the files beside it a part of it each."""
