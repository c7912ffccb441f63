"""Logs by patterns: those that are known, and those that the user says."""

from __future__ import annotations

import bz2
import gzip

import pytest
from crawl_project import Project

from glue_tui.core.grok import compiled
from glue_tui.core.model import Classifier, FolderTarget
from glue_tui.core.problem import InvalidInput

AT = "10/Oct/2000:13:55:36 -0700"
APACHE = (
    '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif?x=1 HTTP/1.0" 200 2326\n'
    '::1 - - [10/Oct/2000:13:55:37 -0700] "-" 408 -\n'
)
COMBINED = APACHE.replace("2326\n", '2326 "http://x.y/" "Mozilla/4.08"\n').replace(" -\n", ' - "-" "-"\n')
SYSLOG = (
    "Oct  1 22:04:05 host1 sshd[4711]: Accepted publickey for root\nOct 11 22:14:15 host1 kernel: [12.3] something\n"
)
PYTHON = (
    "2025-01-02 10:00:00,123 - app.db - INFO - started\n"
    "2025-01-02 10:00:01,456 - app.db - ERROR - failed\n"
    "Traceback (most recent call last):\n"
    '  File "x.py", line 1\n'
    "ValueError: no\n"
)
JAVA = (
    "2025-01-02 10:00:00.123 [main] INFO  com.x.Main - started\n"
    "2025-01-02 10:00:01.123 [pool-1] WARN  com.x.Db - slow\n"
)
PLAIN = "2025-01-02T10:00:00Z INFO started\n2025-01-02T10:00:01Z [WARN] slow\n[2025-01-02 10:00:02] ERROR: bad\n"


@pytest.mark.parametrize(
    ("content", "columns", "first"),
    [
        (
            APACHE,
            10,
            ("127.0.0.1", "-", "frank", AT, "GET", "/a.gif?x=1", "1.0", None, 200, 2326),
        ),
        (COMBINED, 12, None),
        (SYSLOG, 5, ("Oct  1 22:04:05", "host1", "sshd", 4711, "Accepted publickey for root")),
        (JAVA, 5, ("2025-01-02 10:00:00.123", "main", "INFO", "com.x.Main", "started")),
        (PLAIN, 3, ("2025-01-02T10:00:00Z", "INFO", "started")),
    ],
)
def test_common_logs_are_known(project: Project, content: str, columns: int, first: tuple[object, ...] | None) -> None:
    project.write("in/a.log", content)
    project.write("in/b.log", content.replace("\n", "\r\n"))
    project.write("in/c.log.gz", gzip.compress(content.encode()))
    project.write("in/d.log.bz2", bz2.compress(content.encode()))
    assert project.crawl("in").problems == ()
    assert project.catalog.table("raw.in").table.classification == "log"
    rows = project.rows("raw.in")
    assert len(rows) == content.count("\n") * 4
    assert len(rows[0]) == columns
    if first is not None:
        assert rows.count(first) == 4


def test_lines_that_do_not_fit_are_counted_and_told(project: Project) -> None:
    project.write("in/a.log", PYTHON)
    project.crawl("in")
    assert [row[1:] for row in project.rows("raw.in")] == [("app.db", "INFO", "started"), ("app.db", "ERROR", "failed")]
    told = "3 lines are not of the pattern and no rows; the first: 'Traceback (most recent call last):'"
    assert any(told in line for line in project.log)


def test_cl_11_a_pattern_can_be_said_with_types_and_own_patterns(project: Project) -> None:
    project.write("in/a.txt", "7|x-1|0.5|true\n8|y-2|1|false\n")
    said = Classifier(
        format="log",
        pattern=r"%{INT:id:long}\|%{CODE:code}\|%{NUMBER:share:double}\|%{WORD:ok:boolean}",
        patterns=(("CODE", "[a-z]-%{DIGIT}"), ("DIGIT", r"\d")),
    )
    project.crawl(FolderTarget(path="in", classifier=said))
    assert project.types("raw.in") == {"id": "bigint", "code": "string", "share": "double", "ok": "boolean"}
    assert project.rows("raw.in") == [(7, "x-1", 0.5, True), (8, "y-2", 1.0, False)]


def test_a_value_that_is_not_of_the_said_type_makes_the_column_text(project: Project) -> None:
    project.write("in/a.txt", "a 1\nb 99999999999\n")
    project.crawl(FolderTarget(path="in", classifier=Classifier(format="log", pattern="%{WORD:w} %{INT:n:int}")))
    assert project.types("raw.in") == {"w": "string", "n": "string"}
    assert "'99999999999' in in/a.txt is no int" in project.reason("raw.in", "n")


def test_a_log_of_which_no_line_fits_says_so(project: Project) -> None:
    project.write("in/a.log", "a b\n")
    with pytest.raises(InvalidInput, match="no line is of the pattern; the first: 'a b'"):
        project.crawl(FolderTarget(path="in", classifier=Classifier(format="log", pattern="%{INT:n}")))


@pytest.mark.parametrize(
    ("pattern", "own", "reason"),
    [
        ("%{NOPE:x}", {}, "no pattern NOPE"),
        ("%{INT:x:number}", {}, "no type 'number'"),
        ("%{INT:x} %{INT:x}", {}, "comes twice"),
        ("plain", {}, "names no field"),
        ("(%{INT:x}", {}, "no regular expression"),
        ("%{A:x}", {"A": "%{B}", "B": "%{A}"}, "leads to itself"),
    ],
)
def test_a_wrong_pattern_says_what_is_wrong(pattern: str, own: dict[str, str], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        compiled(pattern, own)
