"""`commits.py N FILE`: N durable commits (WAL, synchronous=FULL) of one row each to a new SQLite file."""

import sqlite3
import sys
import time


def main() -> None:
    conn = sqlite3.connect(sys.argv[2], isolation_level=None)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=FULL")
    conn.execute("CREATE TABLE IF NOT EXISTS steps (number INTEGER PRIMARY KEY, said TEXT)")
    began = time.perf_counter()
    for _ in range(int(sys.argv[1])):
        conn.execute("INSERT INTO steps (said) VALUES (?)", ("x" * 500,))
    print(time.perf_counter() - began)
    conn.close()


if __name__ == "__main__":
    main()
