"""How long the nodes of a workflow usually take, from the events of its last runs."""

from __future__ import annotations

import sqlite3

from glue_tui.protocol.usual_views import UsualView

RUNS_LOOKED_AT = 20
"""Finished runs; what a node took longer ago tells little of today's data."""
ATTEMPTS_MAX = 10

_ATTEMPTS = """
    SELECT recent.run_id, at, kind,
      json_extract(body, '$.node_id'), json_extract(body, '$.attempt'), json_extract(body, '$.state')
    FROM (SELECT run_id, number FROM runs WHERE workflow = ? AND is_over = 1 ORDER BY number DESC LIMIT ?) AS recent
    CROSS JOIN (SELECT run_id, seq, at, kind, CAST(body AS TEXT) AS body FROM events) AS event USING (run_id)
    WHERE kind IN ('AttemptRunning', 'AttemptFinished')
    ORDER BY number DESC, seq
"""


def usual_durations(conn: sqlite3.Connection, workflow: str) -> tuple[UsualView, ...]:
    """Return how long each node takes, from the start of its worker to its end; of one without a success nothing."""
    from statistics import median

    started: dict[tuple[str, str, int], float] = {}
    took: dict[str, list[float]] = {}
    for run_id, at, kind, node_id, attempt, state in conn.execute(_ATTEMPTS, (workflow, RUNS_LOOKED_AT)):
        key = (run_id, node_id, attempt)
        if kind == "AttemptRunning":
            started[key] = at
        elif state == "SUCCEEDED" and key in started and len(took.setdefault(node_id, [])) < ATTEMPTS_MAX:
            # The clock may have been set while it ran.
            took[node_id].append(max(0.0, at - started[key]))
    return tuple(
        UsualView(node_id=node_id, usual_s=median(seconds), attempts=len(seconds)) for node_id, seconds in took.items()
    )
