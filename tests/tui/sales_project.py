"""The project on the screen's tests: daily sales after a failed night, a stock watch at work, one broken file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import scripted_client as scripted

from glue_tui.protocol.views import (
    EdgeView,
    EngineView,
    NodeDefinition,
    ProblemView,
    ProjectView,
    PropertyDefinition,
    RunSummary,
    TriggerView,
    WorkflowView,
)

NOW = 1_795_298_671.0
"""Saturday 2026-11-21 22:04:31 UTC."""


def node(kind: str, name: str, source: str = "", max_attempts: int = 1, description: str = "") -> NodeDefinition:
    prefix = "crawler" if kind == "crawler" else "job"
    return NodeDefinition(
        node_id=f"{prefix}:{name}",
        name=name,
        kind=kind,
        source=source,
        max_attempts=max_attempts,
        description=description,
    )


def trigger(workflow: str, name: str, type: str, actions: tuple[str, ...], **facts: object) -> TriggerView:
    state = facts.pop("state", "CREATED" if type == "ON_DEMAND" else "ACTIVATED")
    return TriggerView(workflow=workflow, name=name, type=type, state=state, actions=actions, **facts)  # type: ignore[arg-type]


def edges_of(triggers: tuple[TriggerView, ...], nodes: tuple[NodeDefinition, ...]) -> tuple[EdgeView, ...]:
    ids = {one.name: one.node_id for one in nodes}
    edges: list[EdgeView] = []
    for one in triggers:
        for condition in one.conditions:
            name, state = condition.split(" ")
            edges.append(EdgeView(source=ids[name], destination=f"trigger:{one.name}", label=state))
        edges += [EdgeView(source=f"trigger:{one.name}", destination=action) for action in one.actions]
    return tuple(edges)


def daily_sales() -> WorkflowView:
    name = "daily_sales"
    nodes = (
        node("crawler", "landing_sales", "sample_data/landing/sales"),
        node("crawler", "shop_customers", "shop"),
        node("python", "clean_sales", "jobs/clean_sales.py", max_attempts=3, description="Drop duplicates, mend dates"),
        node("sql", "aggregate_sales", "SELECT sale_date, store, SUM(amount) AS revenue"),
        node("python", "quarantine", "jobs/quarantine.py"),
        node("dashboard", "update_dashboard", "warehouse/daily_sales.html"),
    )
    sources = ("crawler:landing_sales", "crawler:shop_customers")
    triggers = (
        trigger(name, "nightly", "SCHEDULED", sources, schedule="cron(0 22 * * ? *)", next_fire_at=NOW + 86_120),
        trigger(name, "by_hand", "ON_DEMAND", sources),
        trigger(
            name,
            "sources_ready",
            "CONDITIONAL",
            ("job:clean_sales",),
            logical="AND",
            conditions=("landing_sales SUCCEEDED", "shop_customers SUCCEEDED"),
        ),
        trigger(
            name,
            "cleaned",
            "CONDITIONAL",
            ("job:aggregate_sales",),
            logical="AND",
            conditions=("clean_sales SUCCEEDED",),
        ),
        trigger(
            name, "clean_failed", "CONDITIONAL", ("job:quarantine",), logical="AND", conditions=("clean_sales FAILED",)
        ),
        trigger(
            name,
            "publish",
            "CONDITIONAL",
            ("job:update_dashboard",),
            logical="ANY",
            conditions=("aggregate_sales SUCCEEDED", "quarantine SUCCEEDED"),
        ),
        trigger(
            name,
            "weekly_audit",
            "SCHEDULED",
            ("job:quarantine",),
            schedule="cron(0 6 ? * MON *)",
            next_fire_at=NOW + 115_200,
            state="DEACTIVATED",
        ),
    )
    return WorkflowView(
        name=name,
        source="workflows/daily_sales.toml",
        description="Every night: crawl, clean, aggregate, publish",
        triggers=triggers,
        nodes=nodes,
        edges=edges_of(triggers, nodes),
        properties=(
            PropertyDefinition(name="currency", type="string", default="EUR"),
            PropertyDefinition(name="day", type="date", default="yesterday", description="Business day"),
        ),
        timezone="Europe/Paris",
    )


def stock_watch() -> WorkflowView:
    name = "stock_watch"
    nodes = (
        node("crawler", "landing_stock", "sample_data/landing/stock"),
        node("python", "reprice", "jobs/reprice.py"),
    )
    triggers = (
        trigger(
            name,
            "files_arrived",
            "EVENT",
            ("crawler:landing_stock",),
            watch=("sample_data/landing/stock/*.csv",),
            batch_size=3,
            batch_files=2,
            settling_files=1,
            window_closes_at=NOW + 19,
        ),
        trigger(
            name, "crawled", "CONDITIONAL", ("job:reprice",), logical="AND", conditions=("landing_stock SUCCEEDED",)
        ),
    )
    return WorkflowView(
        name=name,
        source="workflows/stock_watch.toml",
        triggers=triggers,
        nodes=nodes,
        edges=edges_of(triggers, nodes),
    )


def price_repair() -> WorkflowView:
    name = "price_repair"
    nodes = (node("python", "mend_prices", "jobs/mend_prices.py"),)
    triggers = (trigger(name, "by_hand", "ON_DEMAND", ("job:mend_prices",)),)
    return WorkflowView(
        name=name, source="workflows/price_repair.toml", triggers=triggers, nodes=nodes, edges=edges_of(triggers, nodes)
    )


def returns() -> WorkflowView:
    return WorkflowView(
        name="returns",
        source="workflows/returns.toml",
        is_broken=True,
        is_loaded=False,
        problems=(
            ProblemView(
                path="workflows/returns.toml",
                line=12,
                key="triggers.ready.conditions[0].crawler",
                message='no crawler named "landing_slaes"',
                hint='did you mean "landing_sales"?',
            ),
        ),
    )


def engine_view(project_dir: str = "/home/ann/sales-project") -> EngineView:
    return EngineView(pid=4183, started_at=NOW - 3 * 3600 - 60, version="0.1.0", project_dir=project_dir, slots=4)


def empty_engine() -> scripted.ScriptedEngine:
    """A project without a single workflow."""
    return scripted.ScriptedEngine(ProjectView(engine=engine_view(), workflows=(), runs=()), now=NOW)


def fresh_engine() -> scripted.ScriptedEngine:
    """The sample before its first run."""
    project = ProjectView(engine=engine_view(), workflows=(daily_sales(), stock_watch(), price_repair()), runs=())
    return scripted.ScriptedEngine(project, now=NOW)


def busy_engine(log_dir: Path | None = None) -> scripted.ScriptedEngine:
    """Run 41 of daily_sales failed two minutes ago, run 42 of stock_watch goes; `now` ends at NOW."""
    project = ProjectView(
        engine=engine_view(), workflows=(daily_sales(), stock_watch(), price_repair(), returns()), runs=()
    )
    engine = scripted.ScriptedEngine(project, now=NOW - 4000, history=_history())
    _mended_prices(engine)
    _failed_night(engine, log_dir)
    engine.now = NOW - 15
    run = engine.open_run("stock_watch", "files_arrived").summary.run_id
    engine.play(run, "crawler:landing_stock", "RUNNING", 0.1)
    engine.play(run, "crawler:landing_stock", "SUCCEEDED", 0.8, rows_out=412)
    engine.play(run, "job:reprice", "RUNNING", 0.1, progress=0.62)
    engine.now = NOW
    return engine


def _history() -> list[RunSummary]:
    return [
        RunSummary(
            run_id=f"wr_{number:016x}",
            number=number,
            workflow="daily_sales",
            status="COMPLETED",
            outcome="RECOVERED" if number == 36 else "SUCCEEDED",
            trigger="nightly" if number % 3 else "by_hand",
            trigger_type="SCHEDULED" if number % 3 else "ON_DEMAND",
            queued_at=NOW - 86_400 * (40 - number),
            started_at=NOW - 86_400 * (40 - number),
            finished_at=NOW - 86_400 * (40 - number) + 51 + number,
            failed_nodes=("clean_sales",) if number == 36 else (),
        )
        for number in range(30, 39)
    ]


def _mended_prices(engine: scripted.ScriptedEngine) -> None:
    run = engine.open_run("price_repair", "by_hand").summary
    numbered = engine.runs.pop(run.run_id)
    engine.runs["wr_0000000000000027"] = renumbered(numbered, 39)
    engine.play("wr_0000000000000027", "job:mend_prices", "RUNNING", 0.1)
    engine.play("wr_0000000000000027", "job:mend_prices", "SUCCEEDED", 1.4, rows_out=88)


def _failed_night(engine: scripted.ScriptedEngine, log_dir: Path | None) -> None:
    engine.now = NOW - 192
    run = engine.open_run("daily_sales", "nightly").summary
    run_id = "wr_0000000000000029"
    engine.runs[run_id] = renumbered(engine.runs.pop(run.run_id), 41)
    engine.play(run_id, "crawler:landing_sales", "RUNNING", 0.2)
    engine.play(run_id, "crawler:shop_customers", "RUNNING", 0.1)
    engine.play(run_id, "crawler:shop_customers", "SUCCEEDED", 0.4, rows_out=2_000)
    engine.play(run_id, "crawler:landing_sales", "SUCCEEDED", 2.7, rows_out=1_204_113)
    paths = [str(log_dir / f"clean_sales.{number}.log") for number in (1, 2, 3)] if log_dir else []
    engine.play(run_id, "job:clean_sales", "RUNNING", 20.0)
    engine.play(
        run_id,
        "job:clean_sales",
        "FAILED",
        48.2,
        attempt=3,
        exit_code=1,
        rows_in=1_204_113,
        peak_memory_bytes=312_000_000,
        attempts=scripted.attempts(paths, engine.now),
        error=scripted.failure("ColumnNotFound", '"amuont" not found, nearest "amount"', "jobs/clean_sales.py:31"),
    )
    engine.play(run_id, "job:quarantine", "RUNNING", 0.1)
    engine.play(run_id, "job:quarantine", "SUCCEEDED", 0.9, rows_out=18)
    engine.play(run_id, "job:update_dashboard", "RUNNING", 0.1)
    engine.play(run_id, "job:update_dashboard", "SUCCEEDED", 0.7)
    _mark_failed(engine, run_id)


def _mark_failed(engine: scripted.ScriptedEngine, run_id: str) -> None:
    """The night is told as FAILED, as if nothing had handled the failure: the screen's loudest case."""
    run = engine.runs[run_id]
    summary = msgspec.structs.replace(run.summary, outcome="FAILED")
    engine.runs[run_id] = msgspec.structs.replace(run, summary=summary)


def renumbered(run: scripted.RunView, number: int) -> scripted.RunView:
    summary = msgspec.structs.replace(run.summary, number=number, run_id=f"wr_{number:016x}")
    return msgspec.structs.replace(run, summary=summary)


def write_logs(folder: Path) -> Path:
    """Write the logs of clean_sales' three attempts and return their folder."""
    for attempt in (1, 2, 3):
        lines = (
            f"2026-11-21T22:04:09.112Z INFO  attempt {attempt} of 3, worker 41833, waiting 10 s after the last one",
            "2026-11-21T22:04:10.407Z INFO  read 1 204 113 rows from raw.landing_sales, 42 files",
            "2026-11-21T22:04:10.981Z INFO  joined raw.shop_customers on customer_id, 18 unmatched",
            "2026-11-21T22:04:11.020Z WARN  column note is all null in part-0007.csv",
            '2026-11-21T22:04:11.203Z ERROR ColumnNotFoundError: "amuont" not found, nearest: amount',
            '  clean_sales.py:31 | sales.with_columns(pl.col("amuont").cast(pl.Decimal(12, 2)))',
            "2026-11-21T22:04:11.204Z INFO  nothing published; 1 temporary folder removed",
            "2026-11-21T22:04:11.205Z INFO  3 of 3 attempts used: node FAILED; trigger clean_failed fires",
        )
        (folder / f"clean_sales.{attempt}.log").write_text("\n".join(lines) + "\n")
    return folder
