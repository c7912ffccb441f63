"""One table: keys, footer, help, palette and command-line twins are made from it and agree."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path

import click
import pytest
from sales_project import busy_engine, write_logs
from screen import Shown, show

from glue_tui.cli.app import cli
from glue_tui.protocol.views import Snapshot
from glue_tui.tui.actions.table import ACTIONS, action_of, actions_in
from glue_tui.tui.model import UiModel, reduce
from glue_tui.tui.place import Place
from glue_tui.tui.screens.help import HelpScreen
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


def test_a_key_means_one_thing_in_a_place_and_none_is_taken_by_terminals_or_multiplexers() -> None:
    keys = Counter((key, action.place) for action in ACTIONS for key in action.keys)
    assert [key for key, times in keys.items() if times > 1] == []
    assert not {key for key, _ in keys} & TAKEN_BY_TERMINALS
    assert len({action.name for action in ACTIONS}) == len(ACTIONS)
    for action in ACTIONS:
        assert all(action_of(key, action.place or Place.WORKFLOWS) is action for key in action.keys)


@pytest.mark.parametrize("place", Place)
def test_help_lists_what_can_be_done_here_first_and_leaves_out_only_keys_that_mean_something_else_here(
    place: Place,
) -> None:
    said = ["".join(text for text, _ in line) for line in HelpScreen(Look(), ACTIONS, looked_at(), place).lines(200)]
    said = [line for line in said if not line.startswith((" " * 8 + "not now: ", " " * 8 + "$ "))]
    own = actions_in(place)
    listed = [action for action in ACTIONS if any(line == action.shown.ljust(8) + action.help for line in said)]
    first = said[2 : said.index("", 2)]
    assert [action.help for action in own] == [line[8:] for line in first if not line.startswith(" ")][: len(own)]
    for action in ACTIONS:
        is_hidden = action.place is None and all(action_of(key, place) is not action for key in action.keys)
        assert (action in listed) != is_hidden, action.name


def test_every_action_of_a_place_can_be_done_from_the_palette_wherever_one_is(tmp_path: Path) -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", *"jjjjj")
        await shown.press("colon")
        await shown.type("filter logs")
        await shown.press("enter")
        assert shown.app.main.selection.pane == "logs"
        await shown.type("!INFO")
        await shown.press("enter")
        assert shown.app.main.logs.book.filter_text == "!INFO"

    show(busy_engine(write_logs(tmp_path)), scenario)


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
