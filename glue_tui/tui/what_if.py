"""Supposing how nodes end: which outcome comes next under the key, and what the engine is asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from glue_tui.protocol.views import RunView

OUTCOMES = ("FAILED", "SUCCEEDED", "TIMEOUT", "STOPPED", "ERROR", "SKIPPED")
"""In the order in which the key goes through them."""


def true_ends(run: RunView | None) -> dict[str, str]:
    """Return how the nodes of a run ended. One that nothing started may well run if others end otherwise."""
    if run is None:
        return {}
    return {
        node.node_id: node.state
        for node in run.nodes
        if node.state in OUTCOMES and (node.state != "SKIPPED" or node.attempts)
    }


def with_next(supposed: Mapping[str, str], node_id: str, true_end: str) -> dict[str, str]:
    """Return what is supposed after one more press on a node: the next outcome, after the last one none."""
    order = [one for one in OUTCOMES if one != true_end]
    now = supposed.get(node_id)
    after = order[order.index(now) + 1 :] if now in order else order
    others = {key: value for key, value in supposed.items() if key != node_id}
    return {**others, node_id: after[0]} if after else others
