"""The JSON Schema of the file format, from the shapes that read it, so that editors complete and check a file."""

from __future__ import annotations

from typing import Any

import msgspec

from glue_tui.definitions import authored
from glue_tui.definitions.authored import Authored, AuthoredWorkflow


def json_schema() -> dict[str, Any]:
    """Return a JSON Schema (2020-12). It knows shapes and words; names, files and the graph are checked on loading."""
    _, definitions = msgspec.json.schema_components([AuthoredWorkflow], ref_template="#/$defs/{name}")
    for name, definition in definitions.items():
        shape = getattr(authored, name, None)
        if isinstance(shape, type) and issubclass(shape, Authored):
            definition["title"] = shape.WORD
            definition["required"] = list(shape.REQUIRED)
    workflow = definitions.pop(AuthoredWorkflow.__name__)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **workflow,
        "title": "glue-tui workflow",
        "$defs": definitions,
    }
