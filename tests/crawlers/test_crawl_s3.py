"""Crawls of a real S3 server: every format, what is new since, and what stands in the way."""

from __future__ import annotations

import bz2
import gzip
import json
import time
from collections.abc import Callable, Iterator

import polars as pl
import pytest
from click.testing import CliRunner
from crawl_project import Project
from deltalake import write_deltalake
from pyiceberg.catalog.sql import SqlCatalog
from s3_server import ENVIRONMENT, S3Server, running_s3

from glue_tui.catalog.places import FileStatus, as_os_error
from glue_tui.catalog.query import run_sql
from glue_tui.catalog.result import query_result
from glue_tui.catalog.s3_access import storage_for
from glue_tui.cli.app import cli
from glue_tui.core.model import Connection, FolderTarget
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.core.schema import ChangeKind
from glue_tui.crawlers.crawl import CrawlReport
from glue_tui.crawlers.listing import ListedFile


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with running_s3() as started:
        yield started


@pytest.fixture
def s3(server: S3Server) -> S3Server:
    server.empty()
    return server


def crawled(project: Project, s3: S3Server, path: str, **target: object) -> CrawlReport:
    return project.crawl(
        FolderTarget(path=path, connection="lake", **target),  # type: ignore[arg-type]
        connections={"lake": s3.connection},
        environment=ENVIRONMENT,
    )


def rows(project: Project, query: str) -> list[tuple[object, ...]]:
    frame = run_sql(project.catalog, query, project_dir=project.folder, environment=ENVIRONMENT)
    return frame.collect().rows()


def test_files_in_s3_are_explained_as_their_crawler_or_a_connection_says(project: Project, s3: S3Server) -> None:
    s3.put("in/a.csv", "id;day\n1;01/02/2025\n2;03/04/2025\n")
    said = 'targets = [{ path = "s3://lake/in", connection = "lake", classifier = { day_first = true } }]\n'
    connection = f'[connections.lake]\nurl = "{s3.connection.url}"\n'
    start = '[triggers.t]\ntype = "ON_DEMAND"\nactions = [{ crawler = "c" }]\n'
    project.write("workflows/w.toml", f'{connection}{start}[crawlers.c]\ndatabase = "raw"\n{said}')
    for words, kind in ((("--crawler", "c"), "date"), (("--connection", "lake"), "string")):
        words = ("--project", str(project.folder), "classify", "s3://lake/in", *words, "--json")
        done = CliRunner().invoke(cli, words, env=dict(ENVIRONMENT))
        assert done.exit_code == 0, done.output
        (found,) = json.loads(done.stdout)
        assert [column["type"] for column in found["columns"]] == ["bigint", kind]
    gone = CliRunner().invoke(cli, [*words[:3], "s3://lake/gone", *words[4:]], env=dict(ENVIRONMENT))
    assert (gone.exit_code, "no data files there" in gone.stderr) == (0, True)


def test_csv_json_lines_and_parquet_in_folders_are_tables_that_sql_reads(project: Project, s3: S3Server) -> None:
    s3.put("sales/day=2024-01-01/a.csv", "id,town\n1,Orléans\n2,\n")
    s3.put("sales/day=2024-01-02/b c%20.csv", "id,town\n3,Nice\n")
    s3.put("sales/day=2024-01-02/_SUCCESS", "")
    s3.put("events/a.jsonl", '{"id": 1, "at": {"x": 2}}\n{"id": 2, "at": {"x": 3}}\n')
    s3.put("events/b.jsonl.gz", gzip.compress(b'{"id": 3, "at": {"x": 4}}\n'))
    s3.put_parquet("items/p=1/a.parquet", pl.DataFrame({"id": [1, 2], "price": [1.5, 2.5]}))
    s3.put_parquet("items/p=2/b.parquet", pl.DataFrame({"id": [3], "price": [3.5]}))
    s3.put("old/latin.csv", "id;town\n1;Köln\n2;Nîmes\n".encode("latin1"))
    report = crawled(project, s3, "s3://lake")
    assert report.problems == ()
    assert project.tables() == ["raw.events", "raw.items", "raw.old", "raw.sales"]
    table = project.catalog.table("raw.sales").table
    assert table.location == "s3://lake/sales"
    assert [file.path for file in project.catalog.files("raw.sales")] == [
        "s3://lake/sales/day=2024-01-01/a.csv",
        "s3://lake/sales/day=2024-01-02/b c%20.csv",
    ]
    assert rows(project, "SELECT id, town, day FROM raw.sales ORDER BY id") == [
        (1, "Orléans", "2024-01-01"),
        (2, None, "2024-01-01"),
        (3, "Nice", "2024-01-02"),
    ]
    assert rows(project, "SELECT id, town FROM raw.sales WHERE day = '2024-01-02'") == [(3, "Nice")]
    assert rows(project, "SELECT SUM(id) FROM raw.events") == [(6,)]
    assert rows(project, "SELECT SUM(price) FROM raw.items WHERE p = '2'") == [(3.5,)]
    assert rows(project, "SELECT town FROM raw.old ORDER BY id") == [("Köln",), ("Nîmes",)]


def test_letters_that_could_stand_for_other_objects_are_those_of_a_key(project: Project, s3: S3Server) -> None:
    for number, name in enumerate(["a1", "a[1]", "b*", "bc", "c?", "{d,e}", "d"]):
        s3.put(f"lines/{name}.jsonl", f'{{"id": {number}}}\n')
        s3.put(f"csv/{name}.csv", f"id,x\n{number},y\n")
    crawled(project, s3, "s3://lake")
    assert rows(project, "SELECT id FROM raw.lines ORDER BY id") == [(number,) for number in range(7)]
    assert rows(project, "SELECT id FROM raw.csv ORDER BY id") == [(number,) for number in range(7)]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_letters_that_urls_write_otherwise_are_those_of_a_key(project: Project, s3: S3Server, form: str) -> None:
    names = ["a b", "p%41", "a%20b", "100%", "h#1", "q?", "ü€", "a+b", "n'q", 'd"q', "e&<>", "back\\s", "c^d", "x|y"]
    for number, name in enumerate(names):
        frame = pl.DataFrame({"id": [number], "x": ["y"]})
        key = f"in/p={number}/{name}/{name}.{form}"
        match form:
            case "csv":
                s3.put(key, frame.write_csv())
            case "jsonl":
                s3.put(key, frame.write_ndjson())
            case _:
                s3.put_parquet(key, frame)
    assert crawled(project, s3, "s3://lake/in").problems == ()
    assert rows(project, "SELECT id FROM raw.in ORDER BY id") == [(number,) for number in range(len(names))]


@pytest.mark.parametrize("target", ["s3://lake", "s3://lake/in"])
@pytest.mark.parametrize("odd", ["in/day=3//x.csv", "in/day=3/./x.csv", "in/day=3/../x.csv", "in/day=3/x\t.csv"])
def test_only_what_cannot_be_named_is_lost_and_told(project: Project, s3: S3Server, target: str, odd: str) -> None:
    for day in range(1, 6):
        s3.put(f"in/day={day}/y.csv", f"id,x\n{day},2\n")
    s3.put("in/day=3/0", "id,x\n6,2\n")
    crawled(project, s3, target)
    s3.put(odd, "id,x\n7,2\n")
    s3.put("in/day=5/z/y.csv", "id,x\n8,2\n")
    (problem,) = crawled(project, s3, target).problems
    assert problem.startswith(("s3://lake/in/day=3/", "'s3://lake/in/day=3/x\\t.csv'"))
    assert "can't be asked for, and others of s3://lake/in/day=3 may be missing with it: rename it" in problem
    assert rows(project, "SELECT id FROM raw.in ORDER BY id") == [(1,), (2,), (3,), (4,), (5,), (6,), (8,)]


def test_a_key_that_begins_with_a_slash_is_told_and_taken_for_no_other(project: Project, s3: S3Server) -> None:
    for key in ("in/a.csv", "c.csv", "/in/a.csv", "/in/b.csv", "0", "!/a.csv"):
        s3.put(key, "id,x\n1,2\n")
    (problem,) = crawled(project, s3, "s3://lake").problems
    assert problem.startswith("s3://lake//…: an object of such a name can't be asked for")
    assert sum(project.catalog.table(name).files for name in project.tables()) == 4


def test_the_catalog_keeps_no_secret(project: Project, s3: S3Server) -> None:
    s3.put("sales/a.csv", "id,x\n1,2\n")
    crawled(project, s3, "s3://lake/sales")
    stored = "\n".join(project.conn.iterdump())
    assert "{{ env.LAKE_SECRET }}" in stored
    assert ENVIRONMENT["LAKE_SECRET"] not in stored
    storage = storage_for("s3://lake/sales", s3.connection.url, ENVIRONMENT)
    assert storage.secret_key == ENVIRONMENT["LAKE_SECRET"]
    assert ENVIRONMENT["LAKE_SECRET"] not in repr(storage)


def test_only_new_and_changed_objects_are_read_again(project: Project, s3: S3Server) -> None:
    s3.put("sales/day=1/a.csv", "id,x\n1,2\n")
    s3.put("sales/day=2/b.csv", "id,x\n3,4\n")
    assert crawled(project, s3, "s3://lake/sales").files_read == 2
    report = crawled(project, s3, "s3://lake/sales")
    assert (report.files_read, report.files, report.rows) == (0, 2, 2)
    assert [change.kind for change in report.table_changes] == [ChangeKind.UNCHANGED]
    s3.put("sales/day=1/a.csv", "id,x\n7,8\n")  # as long, and within the second that S3 tells
    assert crawled(project, s3, "s3://lake/sales").files_read == 1
    s3.delete("sales/day=2/b.csv")
    s3.put("sales/day=3/c.csv", "id,x\n5,6\n")
    assert crawled(project, s3, "s3://lake/sales").files_read == 1
    assert sorted(rows(project, "SELECT id, day FROM raw.sales")) == [(5, "3"), (7, "1")]
    assert [one.values for one in project.catalog.partitions("raw.sales")] == [("1",), ("3",)]


@pytest.mark.parametrize("name", ["a.csv", "day=1/a.csv", "a.csv.bz2"])
def test_a_query_of_an_object_that_is_gone_names_it_and_the_crawler(project: Project, s3: S3Server, name: str) -> None:
    content = b"id,x\n1,2\n"
    s3.put(f"sales/{name}", bz2.compress(content) if name.endswith("bz2") else content)
    crawled(project, s3, "s3://lake/sales")
    s3.delete(f"sales/{name}")
    with pytest.raises(
        InvalidInput, match=rf"raw\.sales: s3://lake/sales/{name} is in the catalog but no longer"
    ) as told:
        query_result(project.catalog, "SELECT * FROM raw.sales", project_dir=project.folder, environment=ENVIRONMENT)
    assert "`glue-tui crawl landing` brings" in told.value.hint


@pytest.mark.parametrize("folder", ["deals", "deals/day=1"])
def test_an_object_whose_columns_changed_places_is_refused_until_the_next_crawl(
    project: Project, s3: S3Server, folder: str
) -> None:
    s3.put(f"{folder}/a.csv", "bought,sold\n1,100\n")
    crawled(project, s3, "s3://lake/deals")
    s3.put(f"{folder}/a.csv", "bought,sold\n2,200\n")
    assert rows(project, "SELECT bought, sold FROM raw.deals") == [(2, 200)]
    s3.put(f"{folder}/a.csv", "sold,bought\n100,1\n")
    with pytest.raises(InvalidInput, match=r"a\.csv has changed since .* its header is another"):
        rows(project, "SELECT bought, sold FROM raw.deals")
    crawled(project, s3, "s3://lake/deals")


def test_one_object_is_a_target_and_globs_leave_objects_out(project: Project, s3: S3Server) -> None:
    s3.put("x/a.csv", "id,x\n1,2\n")
    s3.put("x/b.csv", "id,x\n3,4\n")
    s3.put("x/tmp/c.csv", "id,x\n5,6\n")
    s3.put("xy/d.csv", "id,x\n7,8\n")
    s3.put("x/marker/", "")
    crawled(project, s3, "s3://lake/x/a.csv")
    assert rows(project, "SELECT id FROM raw.a") == [(1,)]
    crawled(project, s3, "s3://lake/x/", exclude=("tmp/**", "b*"))
    assert rows(project, "SELECT id FROM raw.x") == [(1,)]


def test_the_empty_objects_that_mark_folders_are_no_files(project: Project, s3: S3Server) -> None:
    for mark in ("x/", "x/day=1/", "x/day=1/v1.0/", "x/nothing/", "x/v2.1/", "x/day=1_$folder$", "x/day=9/v2.0/"):
        s3.put(mark, "")
    s3.put("x/day=1/v1.0/a.csv", "id,x\n1,2\n")
    assert crawled(project, s3, "s3://lake/x").problems == ()
    assert rows(project, "SELECT id, day FROM raw.x") == [(1, "1")]


def test_a_broken_object_is_reported_and_the_crawl_goes_on(project: Project, s3: S3Server) -> None:
    s3.put("in/good.csv", "id,x\n1,2\n")
    s3.put("in/ragged.csv", "id,x\n1,2\n3,4,5\n")
    s3.put("in/empty.csv", "")
    s3.put("in/cut.parquet", b"PAR1 and nothing more")
    problems = dict(text.rsplit(": ", 1) for text in crawled(project, s3, "s3://lake/in").problems)
    assert problems["s3://lake/in/ragged.csv"] == "line 3 has 3 values, but the file 2 columns"
    assert problems["s3://lake/in/empty.csv"] == "the file is empty"
    assert len(problems) == 3
    assert rows(project, "SELECT id FROM raw.in") == [(1,)]


def test_what_stands_in_the_way_is_told_with_the_way_out(project: Project, s3: S3Server) -> None:
    def refused(path: str, url: str = s3.connection.url) -> str:
        with pytest.raises((EntityNotFound, InvalidInput)) as raised:
            project.crawl(
                FolderTarget(path=path, connection="lake"),
                connections={"lake": Connection(name="lake", url=url)},
                environment=ENVIRONMENT,
            )
        return str(raised.value)

    s3.put("in/a.csv", "id,x\n1,2\n")
    assert "there is no bucket nowhere" in refused("s3://nowhere/in")
    with s3.refusing_everybody():
        text = refused("s3://lake/in")
    assert "the credentials are refused (InvalidAccessKeyId)" in text
    assert "AWS_ACCESS_KEY_ID" in text
    assert ENVIRONMENT["LAKE_SECRET"] not in text
    started = time.monotonic()
    down = refused("s3://lake/in", s3.connection.url.replace(s3.endpoint, "http://127.0.0.1:9"))
    assert "no answer from http://127.0.0.1:9" in down
    assert time.monotonic() - started < 20
    unset = refused("s3://lake/in", s3.connection.url.replace("LAKE_KEY", "NOBODY_SET_THIS"))
    assert "variable NOBODY_SET_THIS is not set" in unset
    assert crawled(project, s3, "s3://lake/empty").table_changes == ()


def test_an_object_that_is_replaced_while_it_is_read_is_an_error(s3: S3Server) -> None:
    s3.put("a.csv", b"x" * 100)
    storage = storage_for("s3://lake/a.csv", s3.connection.url, ENVIRONMENT)
    with storage.open("s3://lake/a.csv") as file:
        s3.put("a.csv", b"y" * 100)
        with pytest.raises(OSError, match="replaced while it was read"):
            file.read()


def test_parts_of_objects_are_read_as_those_of_files(s3: S3Server) -> None:
    s3.put("a.bin", b"0123456789")
    path = "s3://lake/a.bin"
    storage = storage_for(path, s3.connection.url, ENVIRONMENT)
    assert storage.read(path) == b"0123456789"
    assert (storage.read(path, 3, 4), storage.read(path, 8, 9), storage.read(path, 20, 1)) == (b"3456", b"89", b"")
    assert (storage.exists(path), storage.exists(f"{path}x")) == (True, False)
    with storage.open(path) as file:
        assert (file.seek(-3, 2), file.read(2), file.tell(), file.seek(1), file.read()) == (
            7,
            b"78",
            9,
            1,
            b"123456789",
        )


KEYS = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}


@pytest.mark.parametrize(
    ("environment", "profile", "expected"),
    [
        ({**KEYS, "AWS_REGION": "eu-west-1"}, "", ("k", "s", "eu-west-1", "")),
        ({"AWS_PROFILE": "lake", "AWS_ENDPOINT_URL": "http://e"}, "lake", ("pk", "ps", "eu-north-1", "http://e")),
        ({**KEYS, "AWS_PROFILE": "lake"}, "lake", ("k", "s", "eu-north-1", "http://p")),
        ({}, "default", ("pk", "ps", "us-east-1", "http://p")),
        ({}, "", ("", "", "us-east-1", "")),
    ],
)
def test_credentials_and_endpoint_are_taken_as_the_tools_of_aws_do(
    project: Project, environment: dict[str, str], profile: str, expected: tuple[str, ...]
) -> None:
    region = "region = eu-north-1\n" if profile == "lake" else ""
    section = profile if profile == "default" else f"profile {profile}"
    config = project.write("config", f"[{section}]\n{region}endpoint_url = http://p\n" if profile else "")
    keys = f"[{profile}]\naws_access_key_id = pk\naws_secret_access_key = ps\n" if profile else ""
    files = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(project.write("credentials", keys))}
    found = storage_for("s3://lake/x", "", {**files, **environment})
    assert (found.access_key, found.secret_key, found.region, found.endpoint) == expected
    with pytest.raises(InvalidInput, match="AWS_PROFILE names 'other'"):
        storage_for("s3://lake/x", "", {**files, "AWS_PROFILE": "other"})


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("403 Forbidden: <Error><Code>AccessDenied</Code></Error>", "these credentials may not read it"),
        ("301: <Error><Code>PermanentRedirect</Code></Error>", "is in another region: set AWS_REGION"),
        ("500: <Error><Code>Odd</Code><Message>We slept.</Message></Error>", "We slept."),
    ],
)
def test_answers_of_s3_are_told_in_words(answer: str, told: str) -> None:
    assert told in str(as_os_error(Exception(answer), "s3://lake/x"))


@pytest.mark.parametrize(
    ("size_bytes", "mtime_ns", "tag", "is_still"),
    [
        (5, 7_000_000_000, "e1", True),
        (6, 7_000_000_000, "e1", False),
        (5, 7_000_000_000, "e2", False),
        (5, 8_000_000_000, "e1", False),
    ],
)
def test_an_object_is_the_same_though_only_its_listing_knows_the_milliseconds(
    size_bytes: int, mtime_ns: int, tag: str, is_still: bool
) -> None:
    listed = ListedFile(
        path="s3://b/a", absolute="s3://b/a", folders=(), name="a", size_bytes=5, mtime_ns=7_123_000_000, tag="e1"
    )
    assert listed.is_still(FileStatus(size_bytes=size_bytes, mtime_ns=mtime_ns, tag=tag)) is is_still


def write_delta_to(s3: S3Server) -> None:
    said = storage_for("s3://lake", s3.connection.url, ENVIRONMENT).polars_options("s3://lake")["storage_options"]
    options = {key: str(value) for key, value in said.items() if key.startswith("aws_")}
    write_deltalake("s3://lake/w/orders", LAKE_ROWS, partition_by=["day"], storage_options=options)


def write_iceberg_to(s3: S3Server) -> None:
    properties = storage_for("s3://lake", s3.connection.url, ENVIRONMENT).iceberg_properties("s3://lake")
    catalog = SqlCatalog("c", uri="sqlite://", warehouse="s3://lake/w", **properties)
    catalog.create_namespace("lake")
    rows = LAKE_ROWS.to_arrow(compat_level=pl.CompatLevel.oldest())
    table = catalog.create_table("lake.orders", schema=rows.schema, location="s3://lake/w/orders")
    with table.update_spec() as spec:
        spec.add_identity("day")
    table.append(rows)
    catalog.close()


LAKE_ROWS = pl.DataFrame({"id": [1, 2, 3], "day": ["a b", "a b", "c/d"]})


@pytest.mark.parametrize("write", [write_delta_to, write_iceberg_to])
def test_lakes_of_s3_are_read_with_the_settings_of_their_connection(
    project: Project, s3: S3Server, write: Callable[[S3Server], None]
) -> None:
    write(s3)
    assert crawled(project, s3, "s3://lake/w").problems == ()
    assert [(one.values, one.rows) for one in project.catalog.partitions("raw.orders")] == [
        (("a b",), 2),
        (("c/d",), 1),
    ]
    asked = {"project_dir": project.folder, "environment": ENVIRONMENT}
    found = query_result(project.catalog, "SELECT id FROM raw.orders WHERE day = 'c/d'", **asked)
    assert (found.rows, [(one.files, one.of_files) for one in found.reads]) == (((3,),), [(2, 3)])
    report = crawled(project, s3, "s3://lake/w")
    assert (report.files_read, [one.kind for one in report.table_changes]) == (0, [ChangeKind.UNCHANGED])
