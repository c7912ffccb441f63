"""One table: keys, footer, help, palette and command-line twins are made from it and agree."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path

import click
import pytest
from sales_project import busy_engine, write_logs
from screen import Shown, show
from textual import events
from textual.keys import _character_to_key

from glue_tui.cli.app import cli
from glue_tui.protocol.views import Snapshot
from glue_tui.tui.actions import ACTIONS
from glue_tui.tui.model import UiModel, reduce
from glue_tui.tui.pane_keys import LOGS
from glue_tui.tui.screens.help import HelpScreen
from glue_tui.tui.screens.main import ACTION_OF_KEY
from glue_tui.tui.screens.palette import NOT_LISTED, matching, palette_entries
from glue_tui.tui.selection import Looked, Selection, look_up
from glue_tui.tui.theme import Look

TAKEN_BY_TERMINALS = {
    "ctrl+a",
    "ctrl+b",
    "ctrl+s",
    "ctrl+q",
    "ctrl+z",
    "ctrl+c",
    *(f"f{number}" for number in range(1, 13)),
}


def looked_at(workflow: str = "daily_sales", trigger: str = "", node_id: str = "", pane: str = "workflows") -> Looked:
    model = reduce(UiModel(), Snapshot(project=busy_engine().project()))
    selection = Selection(
        workflow=workflow, trigger=trigger, node_id=node_id, pane=pane, listed_trigger=(workflow, trigger)
    )
    return look_up(model, selection)


SITUATIONS = [
    looked_at(),
    looked_at(trigger="nightly"),
    looked_at(trigger="sources_ready", node_id="job:clean_sales"),
    looked_at("stock_watch", "crawled", "job:reprice"),
    looked_at("price_repair", "by_hand", "job:mend_prices"),
    looked_at("returns"),
    looked_at(trigger="weekly_audit", pane="triggers"),
    look_up(UiModel(), Selection()),
]


def test_a_key_means_one_thing_and_none_is_taken_by_terminals_or_multiplexers() -> None:
    keys = Counter(key for action in ACTIONS for key in action.keys)
    assert [key for key, times in keys.items() if times > 1] == []
    assert not set(keys) & TAKEN_BY_TERMINALS
    assert len({action.name for action in ACTIONS}) == len(ACTIONS)
    assert {key: action for action in ACTIONS for key in action.keys} == ACTION_OF_KEY


def test_help_lists_every_action_with_its_key_and_its_words() -> None:
    screen = HelpScreen(Look(), ACTIONS, looked_at())
    said = "\n".join("".join(text for text, _ in line) for line in screen.lines(200))
    for action in ACTIONS:
        assert action.help in said
        assert action.shown in said


def test_the_palette_has_every_action_that_is_not_a_mere_movement() -> None:
    labels = [entry.name for entry in palette_entries(ACTIONS, looked_at())]
    wanted = [action.name for action in ACTIONS if action.group != NOT_LISTED and action.name != "palette"]
    assert labels[: len(wanted)] == wanted
    assert next(one.name for one in matching(palette_entries(ACTIONS, looked_at()), "retr")) == "retry"


def test_the_footer_shows_the_table_s_keys() -> None:
    async def scenario(shown: Shown) -> None:
        hints = [(hint.key, hint.label) for hint in shown.app.main.footer.hints]
        assert hints == [(action.shown, action.label) for action in ACTIONS if action.in_footer]
        for key, label in hints:
            assert f"{key} {label}" in shown.lines[-1]

    show(busy_engine(), scenario)


@pytest.mark.parametrize("situation", SITUATIONS, ids=range(len(SITUATIONS)))
def test_every_twin_is_a_command_line_that_the_program_takes(situation: Looked) -> None:
    for action in ACTIONS:
        if action.cli is None or action.refusal(situation):
            continue
        words = shlex.split(action.cli(situation))
        assert words[0] == "glue-tui"
        command: click.Command = cli
        context = click.Context(cli, info_name="glue-tui")
        arguments = words[1:]
        while isinstance(command, click.Group):
            name, found, arguments = command.resolve_command(context, list(arguments))
            assert found is not None, f"no command {name}"
            command = found
        command.make_context(words[1], list(arguments), parent=context)


@pytest.mark.parametrize("situation", SITUATIONS, ids=range(len(SITUATIONS)))
def test_a_refusal_is_a_sentence_for_people(situation: Looked) -> None:
    for action in ACTIONS:
        reason = action.refusal(situation)
        assert "  " not in reason
        assert not reason.endswith(".")


def test_the_log_pane_takes_the_keys_that_its_help_names(tmp_path: Path) -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", *"jjjjj", "3")
        await shown.press("?")
        assert "In the logs" in shown.text
        await shown.press("escape")
        for key in {key for keys, _ in LOGS for key in keys.split()}:
            event = events.Key(_character_to_key(key), key)
            shown.app.main.logs.on_key(event)
            assert event._stop_propagation, key
            shown.app.main.logs.on_key(events.Key("escape", None))

    show(busy_engine(write_logs(tmp_path)), scenario)
