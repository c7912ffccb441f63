"""SQLite, one writer: the event log of runs, the ledger of seen files and requests, the history for readers."""
