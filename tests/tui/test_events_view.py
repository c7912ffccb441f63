"""The Events view: files that wait at EVENT triggers, live, fired, dropped and explained; the story, filtered."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from sales_project import NOW, busy_engine, fresh_engine, write_logs
from screen import Shown, show

from glue_tui.protocol.inbox_views import InboxFile, InboxView
from glue_tui.protocol.views import Snapshot
from glue_tui.tui.model import UiModel, reduce
from glue_tui.tui.selection import Selection, look_up
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.event_list import EventRow, tail_of
from glue_tui.tui.widgets.inbox_rows import ENDED, FILES_MAX, FileRow, FolderRow, InboxLook, InboxNote, inbox_rows

FOLDER = "sample_data/landing/stock"


def waiting(*files: tuple[str, str], ended: tuple[InboxFile, ...] = (), **changes: object) -> InboxView:
    inbox = InboxView(
        workflow="stock_watch",
        trigger="files_arrived",
        patterns=(f"{FOLDER}/*.csv",),
        batch_size=3,
        batch_window_s=60.0,
        window_closes_at=NOW + 19,
        files=tuple(file(path, stage) for path, stage in files),
        ended=ended,
    )
    return msgspec.structs.replace(inbox, **changes)


def file(path: str, stage: str, since: float = NOW - 3, **facts: object) -> InboxFile:
    made = InboxFile(path=path, size_bytes=1200, mtime=NOW - 5, stage=stage, since=since, change="created")
    return msgspec.structs.replace(made, **facts)


TWO = (waiting((f"{FOLDER}/a.csv", "PENDING"), (f"{FOLDER}/b.csv", "PENDING"), (f"{FOLDER}/c.csv", "SETTLING")),)


async def go_to_events(shown: Shown, workflow: str = "stock_watch") -> None:
    """To a workflow, then its events with the focus in them."""
    shown.app.main.select(Selection(workflow=workflow, opened=frozenset({workflow})))
    await shown.press("[", "4")


def test_files_that_wait_stand_above_the_story_with_their_state_and_the_batch_at_80_columns() -> None:
    engine = busy_engine()
    engine.inboxes = TWO

    async def scenario(shown: Shown) -> None:
        await go_to_events(shown)
        await shown.until_text("a.csv")
        text = shown.text
        assert "files_arrived  2/3 · 41s of 1m 00s · 1 settling" in text
        assert "ready 3s" in text
        assert "settling 3s" in text
        assert text.index("c.csv") < text.index("─ run 42") < text.index("reprice runs")
        assert f"{FOLDER}/a.csv" in text

    show(engine, scenario, size=(80, 24))


def test_a_file_that_comes_is_shown_and_nothing_is_asked_while_nothing_changes() -> None:
    engine = busy_engine()
    engine.inboxes = TWO

    async def scenario(shown: Shown) -> None:
        await go_to_events(shown)
        await shown.until_text("a.csv")
        asked = [call for call in engine.calls if call[0] == "inboxes"]
        shown.app.refresh_model()
        await shown.settle()
        assert [call for call in engine.calls if call[0] == "inboxes"] == asked
        new = file(f"{FOLDER}/d.csv", "SETTLING", note="open for writing")
        engine.inboxes = (msgspec.structs.replace(TWO[0], files=(*TWO[0].files, new)),)
        engine.set_trigger("stock_watch", "files_arrived", settling_files=2)
        await shown.until_text("d.csv")
        assert "open for writing" in shown.text

    show(engine, scenario)


def test_f_fires_what_waits_and_without_settled_files_says_how_to_start_a_run() -> None:
    engine = fresh_engine()
    engine.inboxes = (waiting((f"{FOLDER}/c.csv", "SETTLING"), window_closes_at=None),)

    async def scenario(shown: Shown) -> None:
        await go_to_events(shown)
        await shown.until_text("c.csv")
        await shown.press("f")
        await shown.until_text("no settled file waits at files_arrived")
        hints = {hint.key: hint.label for hint in shown.app.main.footer.hints}
        assert (hints["f"], hints["space"]) == ("fire batch", "only this node")
        assert "start_workflow_run" not in {call[0] for call in engine.calls}
        engine.inboxes = TWO
        engine.set_trigger("stock_watch", "files_arrived", batch_files=2)
        await shown.until_text("a.csv")
        await shown.press("f")
        await shown.until(lambda: ("start_workflow_run", "stock_watch", "files_arrived", {}) in engine.calls)

    show(engine, scenario)


def test_d_drops_the_file_under_the_cursor_after_its_name_was_asked_and_capital_d_all_of_the_trigger() -> None:
    engine = busy_engine()
    engine.inboxes = TWO

    async def scenario(shown: Shown) -> None:
        await go_to_events(shown)
        await shown.until_text("a.csv")
        await shown.press("j", "j", "d")
        await shown.until_text(f"Drop {FOLDER}/b.csv?")
        await shown.press("n")
        await shown.press("d")
        await shown.until_text("Drop ")
        await shown.press("y")
        await shown.until_text("glue-tui inbox drop stock_watch files_arrived")
        await shown.until(lambda: f"{FOLDER}/b.csv" not in shown.text.partition("run 42")[0])
        await shown.press("D")
        await shown.until_text("Drop 2 files, all that wait at files_arrived?")
        await shown.press("y")
        await shown.until_text("no file waits")

    show(engine, scenario)
    dropped = [call[3] for call in engine.calls if call[0] == "drop_files"]
    assert dropped == [(f"{FOLDER}/b.csv",), ()]


def test_w_on_a_file_tells_why_it_waits_and_on_a_line_of_the_story_why_its_node_runs(tmp_path: Path) -> None:
    engine = busy_engine()
    engine.inboxes = TWO

    async def scenario(shown: Shown) -> None:
        await go_to_events(shown)
        await shown.until_text("c.csv")
        await shown.press("j", "j", "j", "w")
        await shown.until_text("It has not settled yet")
        await shown.press("escape")
        await shown.press("G", "w")
        await shown.until_text("why reprice")

    show(engine, scenario, project_dir=tmp_path)


def test_the_story_is_filtered_by_text_by_the_name_of_the_event_and_by_node_and_esc_shows_all() -> None:
    engine = busy_engine()

    async def scenario(shown: Shown) -> None:
        await go_to_events(shown, "daily_sales")
        await shown.until_text("quarantine SUCCEEDED")
        await shown.press("slash")
        await shown.type("!SUCCEEDED")
        await shown.until(lambda: "quarantine SUCCEEDED" not in shown.text)
        assert "quarantine runs" in shown.text
        assert "of 11 events" in shown.text
        await shown.press("enter", "escape")
        await shown.until_text("quarantine SUCCEEDED")
        await shown.press("slash")
        await shown.type("nodefinished")
        await shown.until(lambda: "quarantine runs" not in shown.text)
        await shown.press("escape", "G", "space")
        await shown.until(lambda: "update_dashboard" in shown.text and "quarantine" not in story_of(shown))
        await shown.press("space", "t")
        await shown.until(lambda: "quarantine" in story_of(shown))
        assert "+0.000 s" in shown.text

    show(engine, scenario)


def story_of(shown: Shown) -> str:
    return " ".join(row.text for row in shown.app.main.view.events.rows if isinstance(row, EventRow))


def test_enter_on_a_line_goes_to_the_log_of_its_attempt(tmp_path: Path) -> None:
    engine = busy_engine(write_logs(tmp_path))

    async def scenario(shown: Shown) -> None:
        await go_to_events(shown, "daily_sales")
        await shown.until_text("clean_sales FAILED")
        await shown.press("slash")
        await shown.type("clean_sales failed")
        await shown.press("enter", "G", "enter")
        assert shown.app.main.selection.node_id == "job:clean_sales"
        assert shown.app.main.selection.pane == "logs"
        book = shown.app.main.logs.book
        assert book.tabs[book.active].label == "clean_sales try 3"

    show(engine, scenario)


def test_the_cursor_on_the_last_event_follows_a_run_that_goes_on_and_elsewhere_stays_on_its_line() -> None:
    engine = busy_engine()
    engine.inboxes = ()

    async def scenario(shown: Shown) -> None:
        await go_to_events(shown)
        await shown.until_text("reprice runs")
        await shown.press("G")
        engine.play(f"wr_{42:016x}", "job:reprice", "RUNNING", attempt=2)
        engine.inboxes = TWO
        engine.set_trigger("stock_watch", "files_arrived", settling_files=1)
        await shown.until_text("a.csv")
        events = shown.app.main.view.events
        assert events.cursor == len(events.rows) - 1
        await shown.press("k")
        on = events.current
        engine.inboxes = ()
        engine.set_trigger("stock_watch", "files_arrived", settling_files=0)
        await shown.until(lambda: "a.csv" not in shown.text)
        assert events.current == on

    show(engine, scenario)


def test_ten_thousand_files_stand_by_folder_and_are_found_by_name() -> None:
    files = tuple((f"in/{number % 3}/part-{number:05}.csv", "PENDING") for number in range(9_999))
    files = (*files, ("in/0/part-09999.csv", "SETTLING"))
    inbox = waiting(*files, patterns=("in/*/*.csv",))
    model = reduce(UiModel(), Snapshot(project=busy_engine().project()))
    workflow = look_up(model, Selection(workflow="stock_watch")).workflow
    assert workflow is not None

    def rows(**chosen: object) -> list[object]:
        look = InboxLook(now=NOW, time_zone=ZoneInfo("UTC"), width=80, **chosen)  # type: ignore[arg-type]
        return list(inbox_rows((inbox,), workflow.triggers, look))

    folders = [row for row in rows() if isinstance(row, FolderRow)]
    assert [(row.name, row.said) for row in folders] == [
        ("in/0/", "3 333 ready · 1 settling"),
        ("in/1/", "3 333 ready"),
        ("in/2/", "3 333 ready"),
    ]
    opened = rows(opened=frozenset({("files_arrived", "in/0")}))
    shown = [row.path for row in opened if isinstance(row, FileRow)]
    assert (len(shown), shown[0]) == (FILES_MAX, "in/0/part-09999.csv")
    assert [row.text for row in opened if isinstance(row, InboxNote)] == ["and 3 134 more files: / finds them by name"]
    found = [row.path for row in rows(filter_text="PART-09999") if isinstance(row, FileRow)]
    assert found == ["in/0/part-09999.csv"]


def test_files_that_wait_no_more_tell_the_run_that_took_them_and_why_they_were_ignored() -> None:
    ended = (
        file("in/a.csv", "TAKEN", run_id="wr_1", run_number=7),
        file("in/b.csv", "DROPPED"),
        file("in/c.csv", "UNSELECTED", change="deleted"),
    )
    engine = busy_engine()
    engine.set_trigger("stock_watch", "files_arrived", events=("created", "modified"), notes=("polled every 5 s: nfs",))
    model = reduce(UiModel(), Snapshot(project=engine.project()))
    workflow = look_up(model, Selection(workflow="stock_watch")).workflow
    assert workflow is not None
    look = InboxLook(now=NOW, time_zone=ZoneInfo("UTC"), width=80, opened=frozenset({("files_arrived", ENDED)}))
    rows = list(inbox_rows((waiting(ended=ended),), workflow.triggers, look))
    assert [row.state for row in rows if isinstance(row, FileRow)] == [
        "run 7",
        "dropped",
        "ignored: only created and modified count",
    ]
    assert [row.said for row in rows if isinstance(row, FolderRow)] == [
        "1 taken, the last by run 7 · 1 dropped · 1 ignored"
    ]
    assert [row.text for row in rows if isinstance(row, InboxNote)] == ["polled every 5 s: nfs"]


def test_a_long_path_keeps_its_name() -> None:
    assert tail_of("a/b/c/delivery.csv", 14, Look()) == "…/delivery.csv"
    assert tail_of("short.csv", 14, Look()) == "short.csv"


def test_the_story_takes_the_width_of_the_pane_when_it_comes_up_and_when_that_changes() -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "]", "]", "]", "]")
        await shown.until_text("11 events")
        events = shown.app.main.view.events

        def lines() -> int:
            return sum(isinstance(row, EventRow) for row in events.rows)

        assert lines() == 11
        await shown.pilot.resize_terminal(48, 24)
        await shown.until(lambda: lines() > 11)
        await shown.press("[")
        await shown.pilot.resize_terminal(120, 36)
        await shown.press("]")
        await shown.until(lambda: lines() == 11)

    show(busy_engine(), scenario)
