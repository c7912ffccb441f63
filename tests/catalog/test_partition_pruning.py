"""A query on a partitioned table opens the files that its condition leaves, of every format, and no other."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from functools import reduce
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue_tui.catalog.partition_filter import partitions_where
from glue_tui.catalog.pruning import Trace, files_for
from glue_tui.catalog.query import run_sql
from glue_tui.catalog.read import Catalog
from glue_tui.catalog.scan import SCANS_MAX, scan
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import Column, DataFile, FileFormat, Table
from tests.catalog.test_catalog_write_read import change, make_catalog, store

DAYS = [f"2024-01-{day:02d}" for day in range(1, 7)]
COLUMNS = (Column(name="id", type="bigint"), Column(name="price", type="double"))
KEYS = (Column(name="day", type="date"), Column(name="store", type="string"))


def write_files(folder: Path, classification: str) -> tuple[DataFile, ...]:
    """Two rows a day; ids are 10 and 11 on the first, 20 and 21 on the second…; stores a and b take turns."""
    files = []
    for number, day in enumerate(DAYS, start=1):
        path = f"lake/{classification}/day={day}/store={'ab'[number % 2]}/part.{classification}"
        (folder / path).parent.mkdir(parents=True)
        frame = pl.DataFrame({"id": [number * 10, number * 10 + 1], "price": [1.5, float(number)]})
        match classification:
            case "parquet":
                frame.write_parquet(folder / path)
            case "json":
                frame.write_ndjson(folder / path)
            case _:
                frame.write_csv(folder / path)
        files.append(DataFile(path=path, size_bytes=100, mtime_ns=1, rows=2, partition_values=(day, "ab"[number % 2])))
    return tuple(files)


def table_of(classification: str) -> Table:
    return Table(
        database="lake",
        name=classification,
        classification=classification,
        location=f"lake/{classification}",
        columns=COLUMNS,
        partition_keys=KEYS,
        formats=(FileFormat(classification=classification, columns=("id", "price")),),
    )


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    folder = tmp_path_factory.mktemp("lake")
    with closing(make_catalog(folder / "state.db")) as conn:
        for one in ("csv", "json", "parquet"):
            store(conn, change(table_of(one), *write_files(folder, one)))
        yield Catalog.open(folder / "state.db")


def opened(catalog: Catalog, query: str) -> tuple[list[tuple[object, ...]], list[tuple[str, int, int]]]:
    """Return the rows of a query, and how many files of how many each reading of a table opened."""
    trace = Trace()
    frame = run_sql(catalog, query, project_dir=catalog.path.parent, environment={}, trace=trace).collect()
    return frame.rows(), [(one.table, one.files, one.of_files) for one in trace.reads]


@pytest.mark.parametrize("table", ["lake.csv", "lake.json", "lake.parquet"])
@pytest.mark.parametrize(
    ("condition", "ids", "files"),
    [
        ("day = '2024-01-02'", [20, 21], 1),
        ("day = DATE '2024-01-02' AND id = 21", [21], 1),
        ("day < '2024-01-03' AND price > 1.6", [21], 2),
        ("day BETWEEN '2024-01-02' AND '2024-01-03'", [20, 21, 30, 31], 2),
        ("day IN ('2024-01-01', '2024-01-06')", [10, 11, 60, 61], 2),
        ("store LIKE 'a%' AND id < 30", [20, 21], 3),
        ("EXTRACT(day FROM day) = 4 OR (store = 'b' AND id = 10)", [10, 40, 41], 4),
        ("(id = 10 OR day = '2024-01-06')", [10, 60, 61], 6),
        ("NOT (store = 'a') AND id >= 50", [50, 51], 3),
        ("day IS NULL", [], 0),
        ("id = 61", [61], 6),
    ],
)
def test_only_the_files_that_a_condition_leaves_are_opened(
    catalog: Catalog, table: str, condition: str, ids: list[int], files: int
) -> None:
    query = f"SELECT id FROM {table} WHERE {condition} ORDER BY id"
    assert opened(catalog, query) == ([(one,) for one in ids], [(table, files, 6)])


def test_each_reading_of_a_table_in_one_query_opens_its_own_files(catalog: Catalog) -> None:
    rows, reads = opened(
        catalog,
        """WITH early AS (SELECT id, price, store FROM lake.csv WHERE day < '2024-01-03')
        SELECT e.id, late.id AS other FROM early e
        JOIN (SELECT id, store FROM lake.parquet WHERE day = '2024-01-05') AS late ON e.store = late.store
        WHERE e.id IN (SELECT id FROM lake.csv WHERE day = '2024-01-01') AND late.id = 50""",
    )
    assert sorted(rows) == [(10, 50), (11, 50)]
    assert sorted(reads) == [("lake.csv", 1, 6), ("lake.csv", 2, 6), ("lake.parquet", 1, 6)]


def test_the_first_rows_come_from_the_first_files_and_a_condition_after_them_sees_no_others(catalog: Catalog) -> None:
    rows, reads = opened(catalog, "SELECT id FROM lake.csv LIMIT 3")
    assert (rows, reads) == ([(10,), (11,), (20,)], [("lake.csv", 2, 6)])
    rows, _ = opened(catalog, "SELECT id FROM (SELECT * FROM lake.csv LIMIT 3) AS t WHERE day >= '2024-01-02'")
    assert rows == [(20,)]


def test_of_many_partitions_each_row_has_the_values_of_its_file(tmp_path: Path) -> None:
    """They are joined by file; where they are few, each partition is a scan with constants."""
    many = SCANS_MAX + 10
    files = []
    for number in range(many):
        (tmp_path / f"{number}.csv").write_text(f"id,price\n{number},1.5\n{number + 1000},2.5\n")
        store_name = "__HIVE_DEFAULT_PARTITION__" if number % 7 == 0 else f"s{number}"
        day = date(2024, 1, 1) + timedelta(days=number)
        files.append(
            DataFile(path=f"{number}.csv", size_bytes=9, mtime_ns=1, rows=2, partition_values=(str(day), store_name))
        )
    with closing(make_catalog(tmp_path / "state.db")) as conn:
        store(conn, change(replace(table_of("csv"), location="."), *files))
    lake = scan(Catalog.open(tmp_path / "state.db"), "lake.csv", project_dir=tmp_path, environment={})
    assert lake.sort("id").collect().rows() == [
        (number + plus, price, date(2024, 1, 1) + timedelta(days=number), None if number % 7 == 0 else f"s{number}")
        for plus, price in ((0, 1.5), (1000, 2.5))
        for number in range(many)
    ]
    assert lake.select("id").collect().height == lake.select(pl.len()).collect().item() == 2 * many
    assert lake.filter(pl.col("store").is_null() & (pl.col("id") < 10)).select("id").sort("id").collect().rows() == [
        (0,),
        (7,),
    ]
    assert lake.select("day").unique().collect().height == many


def test_polars_reads_the_files_itself_and_each_query_looks_anew_for_them(tmp_path: Path) -> None:
    with closing(make_catalog(tmp_path / "state.db")) as conn:
        files = write_files(tmp_path, "csv")
        store(conn, change(table_of("csv"), *files))
    lake = scan(Catalog.open(tmp_path / "state.db"), "lake.csv", project_dir=tmp_path, environment={})
    late = lake.filter(pl.col("day") > date(2024, 1, 4)).select("id", "store")
    assert "Csv SCAN" in late.explain()
    assert "PYTHON" not in late.explain()
    assert late.collect().rows() == [(50, "b"), (51, "b"), (60, "a"), (61, "a")]
    both = pl.collect_all([late, lake.select("price")])
    assert [one.height for one in both] == [4, 12]
    (tmp_path / files[0].path).unlink()
    assert late.collect().height == 4
    with pytest.raises(InvalidInput, match="no longer on disk"):
        lake.select("price").collect()


def test_partitions_of_parquet_are_grouped_one_after_the_other_where_folders_say_what_the_catalog_does(
    tmp_path: Path,
) -> None:
    days = ["2024-01-01", "2024-01-02", "__HIVE_DEFAULT_PARTITION__"]
    stores = [("a b%2Fc", "a b/c"), ("007", "007"), ("__HIVE_DEFAULT_PARTITION__", "__HIVE_DEFAULT_PARTITION__")]
    files = []
    for number, (day, (folder, value)) in enumerate((day, one) for day in days for one in stores):
        path = f"lake/day={day}/store={folder}/{number}.parquet"
        (tmp_path / path).parent.mkdir(parents=True)
        pl.DataFrame({"id": [number, number + 100], "price": [1.5, None]}).write_parquet(tmp_path / path)
        files.append(DataFile(path=path, size_bytes=9, mtime_ns=1, rows=2, partition_values=(day, value)))
    table = replace(table_of("parquet"), location="lake")
    moved = replace(files[0], partition_values=("2025-12-31", "elsewhere"))
    with closing(make_catalog(tmp_path / "state.db")) as conn:
        store(conn, change(table, *files))
        store(conn, change(replace(table, name="moved"), moved, *files[1:]))
        store(conn, change(replace(table, name="wider", columns=(*COLUMNS, Column(name="late", type="int"))), *files))
    catalog = Catalog.open(tmp_path / "state.db")
    for name, is_known in (("parquet", True), ("moved", False), ("wider", False)):
        chosen, traced = (
            scan(catalog, f"lake.{name}", project_dir=tmp_path, environment={}, trace=trace)
            for trace in (None, Trace())
        )
        keys = [pl.col("day"), pl.col("store")]
        assert chosen.collect_schema() == traced.collect_schema()
        assert chosen.sort("id").collect().equals(traced.sort("id").collect())
        for condition in (keys[0] == date(2024, 1, 2), keys[1] == "a b/c", keys[0].is_null() & (pl.col("id") > 100)):
            assert chosen.filter(condition).sort("id").collect().equals(traced.filter(condition).sort("id").collect())
        groups = chosen.group_by("day", "store").agg(pl.col("id").sum())
        assert groups.explain().startswith("UNION") == is_known
        assert groups.collect().height == 9
    (tmp_path / files[0].path).unlink()
    left = scan(catalog, "lake.parquet", project_dir=tmp_path, environment={})
    assert left.filter(pl.col("day") == date(2024, 1, 2)).collect().height == 6
    with pytest.raises(InvalidInput, match="no longer on disk"):
        left.collect()


def test_a_python_function_in_a_filter_is_taken_along(catalog: Catalog) -> None:
    trace = Trace()
    lake = scan(catalog, "lake.csv", project_dir=catalog.path.parent, environment={}, trace=trace)
    fifth = pl.col("day").map_elements(lambda day: day == date(2024, 1, 5), return_dtype=pl.Boolean)
    assert lake.filter(fifth & (pl.col("id") > 50)).select("id").collect().rows() == [(51,)]
    assert [one.files for one in trace.reads] == [1]


@pytest.mark.parametrize(
    ("expression", "days"),
    [
        ("day = '2024-01-02'", [2]),
        ("day <> '2024-01-02' AND store = 'a'", [4, 6]),
        ("day >= '2024-01-05' OR day <= '2024-01-01'", [1, 5, 6]),
        ("day > '2024-01-02' AND day < '2024-01-04'", [3]),
        ("day IN ('2024-01-03', '2024-01-09')", [3]),
        ("day BETWEEN '2024-01-02' AND '2024-01-04' AND NOT store = 'a'", [3]),
        ("store LIKE '_' AND store LIKE 'b%'", [1, 3, 5]),
        ("store IS NULL", []),
        ("day IS NOT NULL", [1, 2, 3, 4, 5, 6]),
    ],
)
def test_ct_3_partitions_are_filtered_by_an_expression_over_their_keys(
    catalog: Catalog, expression: str, days: list[int]
) -> None:
    found = partitions_where(catalog, "lake.csv", expression)
    assert [int(one.values[0][-2:]) for one in found] == days
    assert all((one.files, one.rows) == (1, 2) for one in found)


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("dy = 1", 'did you mean "day"'),
        ("day = ", "wrong"),
        ("id = 1", "no column 'id'"),
        ("glue_tui_place = 1", "no column"),
    ],
)
def test_a_wrong_expression_over_partitions_is_explained(catalog: Catalog, expression: str, told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        partitions_where(catalog, "lake.csv", expression)
    assert told in f"{raised.value} {raised.value.hint}"
    assert "__glue_tui" not in str(raised.value)


def test_a_rehearsal_names_the_files_and_opens_none(tmp_path: Path) -> None:
    with closing(make_catalog(tmp_path / "state.db")) as conn:
        files = [
            DataFile(path=f"gone/day={day}/x.csv", size_bytes=7, mtime_ns=1, rows=1, partition_values=(day, "a"))
            for day in DAYS
        ]
        store(conn, change(table_of("csv"), *files))
    catalog, query = Catalog.open(tmp_path / "state.db"), "SELECT id FROM lake.csv WHERE day > '2024-01-04'"
    trace = Trace(is_rehearsal=True)
    assert run_sql(catalog, query, project_dir=tmp_path, environment={}, trace=trace).collect().height == 0
    assert [(one.files, one.of_files, one.size_bytes, one.of_size_bytes) for one in trace.reads] == [(2, 6, 14, 42)]
    with pytest.raises(InvalidInput, match=r"day=2024-01-05/x\.csv is in the catalog but no longer on disk") as raised:
        run_sql(catalog, query, project_dir=tmp_path, environment={}).collect()
    assert "`glue-tui crawl landing` brings" in raised.value.hint


ATOMS = st.one_of(
    st.builds(lambda value: pl.col("day") == value, st.dates(date(2024, 1, 1), date(2024, 1, 3))),
    st.builds(lambda value: pl.col("day") < value, st.dates(date(2024, 1, 1), date(2024, 1, 3))),
    st.just(pl.col("day").is_null()),
    st.builds(lambda value: pl.col("store") == value, st.sampled_from(["a", "b"])),
    st.builds(lambda value: pl.col("id") == value, st.integers(0, 2)),
    st.just(pl.col("id").is_null()),
    st.just(pl.col("store").str.len_bytes() == pl.col("id")),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(operator.and_, inner, inner), st.builds(operator.or_, inner, inner), st.builds(operator.inv, inner)
    ),
    max_leaves=6,
)
ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.dates(date(2024, 1, 1), date(2024, 1, 3))),
        st.sampled_from(["a", "b", None]),
        st.one_of(st.none(), st.integers(0, 2)),
    ),
    min_size=1,
    max_size=8,
)


@given(rows=ROWS, conditions=st.lists(CONDITIONS, min_size=1, max_size=3))
def test_no_row_is_lost_to_a_file_that_was_not_opened(
    rows: list[tuple[date | None, str | None, int | None]], conditions: list[pl.Expr]
) -> None:
    condition = reduce(operator.and_, conditions)
    schema = {"day": pl.Date, "store": pl.String, "id": pl.Int64}
    kept = pl.DataFrame(rows, schema=schema, orient="row").with_row_index("place").filter(condition)["place"]
    files = [
        (str(place), 1, 1, 1, f'["{day or ""}", "{store or "__HIVE_DEFAULT_PARTITION__"}"]', 0, "", "")
        for place, (day, store, _) in enumerate(rows)
    ]
    opened = {int(file.path) for file in files_for(condition, table_of("csv"), files)}
    assert set(kept) <= opened


@pytest.mark.parametrize(
    "query",
    [
        """SELECT id AS "it's" FROM lake.csv WHERE store = 'a' AND id < 25""",
        """SELECT id AS "a--b" FROM lake.csv WHERE store = 'a' AND id < 25""",
        "SELECT id FROM lake . csv WHERE store = 'a' AND id < 25",
        "SELECT id FROM lake\n.\"csv\" WHERE store = 'a' AND id < 25 -- FROM lake.json",
    ],
)
def test_a_query_names_its_tables_in_any_spelling(catalog: Catalog, query: str) -> None:
    rows, reads = opened(catalog, query)
    assert rows == [(20,), (21,)]
    assert [table for table, *_ in reads] == ["lake.csv"]
