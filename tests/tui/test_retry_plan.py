"""What the retry dialog promises is what the rules of resuming say."""

from __future__ import annotations

from sales_project import busy_engine, daily_sales

from glue_tui.tui.retry_plan import failed_nodes, plan_retry

RUN = busy_engine().runs[f"wr_{41:016x}"]


def test_the_failed_node_runs_again_and_everything_downstream_follows() -> None:
    plan = plan_retry(RUN, RUN.edges, failed_nodes(RUN))
    assert plan.again == ("job:clean_sales",)
    assert plan.then == ("job:aggregate_sales", "job:quarantine", "job:update_dashboard")
    assert plan.kept == ("crawler:landing_sales", "crawler:shop_customers")


def test_a_chosen_node_below_another_chosen_one_only_follows() -> None:
    plan = plan_retry(RUN, RUN.edges, ("crawler:landing_sales", "job:clean_sales"))
    assert plan.again == ("crawler:landing_sales",)
    assert "job:clean_sales" in plan.then
    assert plan.kept == ("crawler:shop_customers",)


def test_today_s_edges_decide_when_today_s_definition_is_chosen() -> None:
    edges = tuple(edge for edge in daily_sales().edges if edge.destination != "job:quarantine")
    assert "job:quarantine" in plan_retry(RUN, edges, ("job:clean_sales",)).kept
