"""What a job may be: python, sql, command, dashboard; the context given to user code; publication of whole outputs."""
