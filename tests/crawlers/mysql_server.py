"""A real MariaDB server on a socket of its own: started by the tests where one is installed, and ended by them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pymysql

DEADLINE_S = 60.0
MISSING = next(
    (f"{name} is not installed" for name in ("mariadbd", "mariadb-install-db") if shutil.which(name) is None), ""
)
"""Why there is no server here: `apt-get install mariadb-server` brings one."""
# What is thrown away at the end need not survive a loss of power.
_SETTINGS = ("--no-defaults", "--innodb-flush-method=nosync", "--innodb-buffer-pool-size=32M")


@dataclass(frozen=True)
class MysqlServer:
    socket: Path

    def url(self, user: str = "root", database: str = "shop", more: str = "") -> str:
        return f"mysql://{user}@/{database}?unix_socket={self.socket}{more}"

    def execute(self, *statements: str) -> None:
        with closing(pymysql.connect(unix_socket=str(self.socket), user="root", autocommit=True)) as conn:
            cursor = conn.cursor()
            for statement in ("SET sql_mode = ''", *statements):
                cursor.execute(statement)


@contextmanager
def mysql_server() -> Iterator[MysqlServer]:
    # A socket's path is short: not below pytest's folders.
    folder = Path(tempfile.mkdtemp(prefix="gt-my-"))
    data, socket = folder / "data", folder / "socket"
    me = f"--user={folder.owner()}"
    try:
        made = ["mariadb-install-db", *_SETTINGS, f"--datadir={data}", me]
        subprocess.run(
            [*made, "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True,
            capture_output=True,
            timeout=DEADLINE_S,
        )
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["mariadbd", *_SETTINGS, f"--datadir={data}", f"--socket={socket}", "--skip-networking", me],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            server = MysqlServer(socket)
            _wait(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(DEADLINE_S)
    finally:
        shutil.rmtree(folder)


def _wait(server: MysqlServer, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + DEADLINE_S
    while True:
        try:
            server.execute()
            return
        except pymysql.err.OperationalError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.05)
