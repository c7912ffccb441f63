"""One crawler by itself, outside the flow of its workflow: Glue's StartCrawler. Pure.

It is a run like any other. What it pins is its workflow cut down to that crawler: nothing follows when the crawl is
over, and the workflow's limit of runs neither holds it back nor counts it.
"""

from __future__ import annotations

from dataclasses import replace

from glue_tui.core.events import StartCause
from glue_tui.core.model import Action, Trigger, Workflow, crawler_id
from glue_tui.core.problem import EntityNotFound, did_you_mean
from glue_tui.core.states import TriggerType


def crawler_alone(workflow: Workflow, name: str) -> Workflow:
    """Return the workflow with nothing but this crawler, and what starts it. Raises EntityNotFound."""
    crawlers = tuple(crawler for crawler in workflow.crawlers if crawler.name == name)
    if not crawlers:
        hint = did_you_mean(name, [crawler.name for crawler in workflow.crawlers])
        raise EntityNotFound(f'no crawler "{name}" in {workflow.name}', hint=hint)
    by_hand = Trigger(
        name=crawl_cause(name).trigger,
        type=TriggerType.ON_DEMAND,
        actions=(Action(node_id=crawler_id(name)),),
    )
    return replace(
        workflow,
        max_concurrent_runs=0,
        # A crawler reads no properties, so nobody is asked for one; notifications may name those that say themselves.
        properties=tuple(one for one in workflow.properties if one.default is not None),
        triggers=(by_hand,),
        crawlers=crawlers,
        jobs=(),
    )


def crawl_cause(name: str) -> StartCause:
    """Return why a crawler runs by itself. No trigger of a file has such a name: it is the command."""
    return StartCause(trigger=f"crawl {name}", trigger_type=TriggerType.ON_DEMAND, crawler=name)
