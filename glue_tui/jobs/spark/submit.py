"""Where Spark is, and how it is called: by settings in a file that nobody else reads, never on the command line."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from glue_tui.core.job import SparkSettings
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.jobs.session import JobSession
from glue_tui.jobs.spark.output import LOG_LEVEL

TARGETS_SETTING = "spark.glue_tui.targets"
"""Setting that tells a program the folder for its rows, as parquet, which go to the job's targets."""
_MEMORY_SHARE = 0.6
"""Of a job's memory for the heap of the driver; the rest is for what Java and Python need beside it."""
_DRIVER_BYTES_MIN = 512 * 1024**2
"""Spark refuses to start with less."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_ESCAPED_STRINGS = "spark.sql.parser.escapedStringLiterals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    home: Path
    """The folder with `bin/spark-submit` in it."""

    def program(self, name: str) -> str:
        return str(self.home / "bin" / name)


def find_spark() -> Installation:
    """Return the Spark of SPARK_HOME, else of the pyspark package, else on PATH.

    Raises EntityNotFound without one, and without Java.
    """
    home = _spark_home()
    java_home = os.environ.get("JAVA_HOME")
    has_java = os.access(Path(java_home) / "bin" / "java", os.X_OK) if java_home else shutil.which("java") is not None
    if not has_java:
        where = f"in JAVA_HOME ({java_home})" if java_home else "on PATH"
        hint = "install a Java 17 or newer (on Debian openjdk-17-jre-headless), or set JAVA_HOME"
        raise EntityNotFound(f"Spark needs Java, and there is none {where}", hint=hint)
    return Installation(home=home)


def _spark_home() -> Path:
    if named := os.environ.get("SPARK_HOME"):
        if not (Path(named) / "bin" / "spark-submit").is_file():
            raise EntityNotFound(f"SPARK_HOME is {named}, which has no bin/spark-submit", hint="mend it, or unset it")
        return Path(named)
    package = importlib.util.find_spec("pyspark")
    if package is not None and package.origin is not None:
        home = Path(package.origin).parent
        if (home / "bin" / "spark-submit").is_file():
            return home
    if found := shutil.which("spark-submit"):
        return Path(os.path.realpath(found)).parent.parent
    hint = "pip install 'glue-tui[spark]', or set SPARK_HOME; it needs Java 17 or newer"
    raise EntityNotFound("there is no Spark on this machine", hint=hint)


def is_local(master: str) -> bool:
    """Say whether the executors run within the driver."""
    return master.partition("[")[0] == "local"


def filled_in(session: JobSession, settings: SparkSettings) -> SparkSettings:
    """Return the settings with their templates filled in, files by their full paths and the job's threads."""
    where = f"jobs.{session.job.name}"

    def texts(word: str, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(session.templates.text(value, where=f"{where}.{word}") for value in values)

    master = session.templates.text(settings.master, where=f"{where}.master")
    if master == "local[*]" and session.job.threads is not None:
        master = f"local[{session.job.threads}]"
    return SparkSettings(
        master=master,
        packages=texts("packages", settings.packages),
        jars=tuple(_full_path(session, "jars", jar) for jar in texts("jars", settings.jars)),
        py_files=tuple(_full_path(session, "py_files", file) for file in texts("py_files", settings.py_files)),
        conf={
            name: session.templates.text(value, where=f"{where}.conf.{name}") for name, value in settings.conf.items()
        },
    )


def check_mode(settings: SparkSettings) -> None:
    """Refuse a driver that would run elsewhere: it hands over its rows by files here. Raises InvalidInput."""
    if settings.conf.get("spark.submit.deployMode", "client") != "client":
        raise InvalidInput("conf: spark.submit.deployMode: the driver of a job runs in its worker", hint="leave it out")


def _full_path(session: JobSession, word: str, path: str) -> str:
    if "://" in path:
        return path
    full = session.project_dir / path
    if not full.exists():
        message = f"jobs.{session.job.name}.{word}: no file {path}"
        raise EntityNotFound(message, hint="it is relative to the project folder")
    return str(full)


def properties(
    session: JobSession, spark: Installation, settings: SparkSettings, *, scratch: Path, targets: Path
) -> list[tuple[str, str]]:
    """Return all settings, the later ones win: ours, those of the installation, those of the definition."""
    master = settings.master
    host = urlsplit(master).hostname if master.startswith("spark://") else None
    ours = {
        "spark.log.level": LOG_LEVEL,
        "spark.ui.showConsoleProgress": "true",
        # The catalog's moments have no time zone: Spark is to take them, and to write them, as they stand.
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
        "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": f"file://{scratch / 'warehouse'}",
    }
    if is_local(master):
        # A driver that is killed leaves its files where the next attempt finds them.
        ours |= {"spark.ui.enabled": "false", "spark.local.dir": str(scratch / "local")}
    if is_local(master) or host in _LOOPBACK:
        ours |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    if heap := _driver_memory(session):
        ours["spark.driver.memory"] = heap
    job = {
        "spark.app.name": f"{session.spec.workflow} #{session.spec.run_number} {session.job.name}",
        "spark.master": master,
        TARGETS_SETTING: f"file://{targets}",
    }
    conf = dict(settings.conf)
    for key, values in (
        ("spark.jars.packages", settings.packages),
        ("spark.jars", settings.jars),
        ("spark.submit.pyFiles", settings.py_files),
    ):
        if values:
            conf[key] = ",".join((*values, *filter(None, (conf.get(key),))))
    return [*ours.items(), *_defaults_of(spark), *job.items(), *conf.items()]


def _driver_memory(session: JobSession) -> str:
    limit_bytes = session.job.memory_bytes_max
    if limit_bytes is None:
        return ""
    heap_bytes = int(limit_bytes * _MEMORY_SHARE)
    if heap_bytes < _DRIVER_BYTES_MIN:
        message = f"jobs.{session.job.name}.memory: Spark's driver alone needs more than this job may use"
        raise InvalidInput(message, hint='memory = "1GB" or more')
    return f"{heap_bytes // 1024**2}m"


def _defaults_of(spark: Installation) -> list[tuple[str, str]]:
    """Return the installation's own settings: a file that is named on the command line takes their place."""
    folder = Path(os.environ.get("SPARK_CONF_DIR") or spark.home / "conf")
    try:
        lines = (folder / "spark-defaults.conf").read_text().splitlines()
    except OSError:
        return []
    pairs = (line.replace("=", " ", 1).split(None, 1) for line in map(str.strip, lines) if line[:1] not in ("", "#"))
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]


def checked_for_sql(settings: SparkSettings) -> None:
    """Refuse what would let the values of templates in a query end their quotes. Raises InvalidInput."""
    if settings.conf.get(_ESCAPED_STRINGS, "false").lower() != "false":
        raise InvalidInput(
            f"conf: {_ESCAPED_STRINGS} changes what a quoted text means, also the values of templates",
            hint='leave it out; a pattern is written r"\\d+"',
        )


def write_properties(path: Path, pairs: list[tuple[str, str]]) -> None:
    """Write a file of Java properties that only this user can read: it may hold secrets."""
    text = "".join(f"{_escaped(name, ' :=')}={_escaped(value, '')}\n" for name, value in dict(pairs).items())
    write_private(path, text)


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _escaped(text: str, special: str) -> str:
    made = []
    for place, letter in enumerate(text):
        if letter in "\n\r\t\f":
            made.append({"\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}[letter])
        elif letter == "\\" or letter in special or (place == 0 and letter in " #!"):
            made.append("\\" + letter)
        else:
            made.append(letter)
    return "".join(made)


def environment(spark: Installation, settings: SparkSettings) -> Mapping[str, str]:
    """Return the environment of spark-submit: this Python drives, and all stays on the loopback that can."""
    own = {"SPARK_HOME": str(spark.home)}
    host = urlsplit(settings.master).hostname if settings.master.startswith("spark://") else None
    if is_local(settings.master) or host in _LOOPBACK:
        own["SPARK_LOCAL_IP"] = "127.0.0.1"
    # Of Python's own settings those of the environment win.
    return {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable} | dict(os.environ) | own
