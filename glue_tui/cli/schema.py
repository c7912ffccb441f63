"""`glue-tui schema`: the format of workflow files for editors that complete and check TOML."""

from __future__ import annotations

import json

import click

from glue_tui.cli.output import show
from glue_tui.definitions.schema import json_schema


@click.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of workflow files.

    An editor that knows TOML schemas completes and checks by it. Names, files and the graph are checked by `validate`.
    """
    show(json.dumps(json_schema(), indent=2))
