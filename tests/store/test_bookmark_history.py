"""What a job's bookmark says it has read, run by run: as if every version of it had been written down."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue_tui.core.bookmarks import BookmarkEdit, BookmarkEditKind, FileVersion, JobSlice, KeyRange, SourceSlice
from glue_tui.core.problem import EntityNotFound
from glue_tui.store import bookmarks
from glue_tui.store.database import migrate
from glue_tui.store.event_log import MIGRATIONS

Act = tuple[str, tuple[int, ...]]
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.lists(st.integers(0, 4), max_size=3, unique=True).map(tuple)),
        st.tuples(st.just("rewind"), st.tuples(st.integers(0, 12))),
        st.tuples(st.just("reset"), st.just(())),
    ),
    max_size=12,
)
"""Which files a run has read; which run one goes back to."""


class Book:
    """The bookmark of one job; its runs are numbered from 1."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn
        self.runs = 0

    @property
    def version(self) -> int:
        entry = bookmarks.entry(self.conn, "etl", "load")
        return entry.version if entry else 0

    def read(self, *paths: str, key: int = 0, base: int | None = None) -> bool:
        self.runs += 1
        keys = KeyRange(columns=("id",), kinds=("integer",), up_to=(str(key),) if key else ())
        files = tuple(FileVersion(path=path, size_bytes=self.runs, mtime_ns=1) for path in paths)
        sources = (
            SourceSlice(context="files", table="raw.in", files=files),
            SourceSlice(context="keys", table="shop.orders", keys=keys),
        )
        return bookmarks.advance(
            self.conn,
            "etl",
            "load",
            JobSlice(base_version=self.version if base is None else base, sources=sources),
            run_id=f"wr_{self.runs}",
            run_number=self.runs,
            attempt=1,
            at=float(self.runs),
        )

    def edit(self, kind: BookmarkEditKind, run: str = "") -> tuple[str, ...]:
        asked = BookmarkEdit(kind=kind, workflow="etl", job="load", run=run)
        return bookmarks.edit(self.conn, asked, at=1.0)

    def files(self, *, after: int = 0, up_to: int | None = None) -> dict[str, int]:
        """Return the files read, each with the run that read it last."""
        found = bookmarks.files_read(
            self.conn, "etl", "load", "files", after=after, up_to=self.version if up_to is None else up_to
        )
        return {path: one.size_bytes for path, one in found.items()}

    def key(self, up_to: int | None = None) -> str:
        found = bookmarks.keys_read(self.conn, "etl", "load", "keys", up_to=self.version if up_to is None else up_to)
        return found.up_to[0] if found else ""


def opened() -> sqlite3.Connection:
    conn = sqlite3.connect(":memory:", isolation_level=None)
    conn.execute("PRAGMA foreign_keys=ON")
    migrate(conn, "runs", MIGRATIONS)
    return conn


@given(acts=ACTS)
def test_each_version_is_what_was_read_up_to_it(acts: list[Act]) -> None:
    with closing(opened()) as conn:
        book = Book(conn)
        states: dict[int, dict[str, int]] = {0: {}}
        for kind, values in acts:
            before = dict(states[max(states)])
            match kind:
                case "read":
                    paths = [f"{value}.csv" for value in values]
                    assert book.read(*paths, key=book.runs + 1)
                    states[book.runs] = {**before, **dict.fromkeys(paths, book.runs)}
                case _ if not book.version:
                    with pytest.raises(EntityNotFound):
                        book.edit(BookmarkEditKind.RESET)
                case "reset":
                    book.edit(BookmarkEditKind.RESET)
                    states = {0: {}}
                case _:
                    book.edit(BookmarkEditKind.REWIND, str(values[0]))
                    states = {run: state for run, state in states.items() if run <= values[0]}
            assert book.files() == states[max(states)]
            assert book.key() == (str(max(states)) if max(states) else "")
            for run, state in states.items():
                up_to = bookmarks.version_at(conn, "etl", "load", str(run))
                assert book.files(up_to=up_to) == state


def test_what_two_runs_enclose_is_what_was_read_after_one_and_up_to_the_other() -> None:
    with closing(opened()) as conn:
        book = Book(conn)
        for paths in (("a", "b"), ("c",), ("a",), ("d",)):
            book.read(*paths)
        assert book.files(after=1, up_to=3) == {"c": 2, "a": 3}


def test_a_slice_of_before_a_change_moves_nothing() -> None:
    with closing(opened()) as conn:
        book = Book(conn)
        book.read("a")
        book.edit(BookmarkEditKind.RESET)
        assert not book.read("b", base=1)
        assert book.files() == {}
        assert book.read("b")
        assert book.files() == {"b": 3}


def test_what_is_too_long_ago_to_go_back_to_stays_read_in_one_row_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bookmarks, "VERSIONS_MAX", 3)
    with closing(opened()) as conn:
        book = Book(conn)
        for run in range(1, 9):
            book.read("same", f"{run}.csv", key=run)
        for rows in ("bookmark_files WHERE path = 'same'", "bookmark_keys"):
            assert conn.execute(f"SELECT count(*) FROM {rows}").fetchone() == (3,)
        assert len(book.files()) == 9
        with pytest.raises(EntityNotFound, match=r"read after run 5 is forgotten.*the first that is known is run 6"):
            book.edit(BookmarkEditKind.REWIND, "5")
        book.edit(BookmarkEditKind.REWIND, "6")
        assert (book.files()["same"], book.key(), len(book.files())) == (6, "6", 7)


def test_a_renamed_workflow_takes_its_bookmarks_along() -> None:
    with closing(opened()) as conn:
        Book(conn).read("a")
        bookmarks.rename_workflow(conn, "etl", "elt")
        (entry,) = bookmarks.entries(conn)
        assert (entry.workflow, entry.job) == ("elt", "load")
        assert bookmarks.files_read(conn, "elt", "load", "files", up_to=1).keys() == {"a"}
