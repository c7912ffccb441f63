"""The schema for editors says what the loader says."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from glue_tui.definitions.schema import json_schema


def fits(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    """Judge by the few words of JSON Schema that ours uses."""
    if "$ref" in schema:
        return fits(root["$defs"][schema["$ref"].rpartition("/")[2]], value, root)
    if "anyOf" in schema:
        return any(fits(one, value, root) for one in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    kinds: dict[str, Any] = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
    if schema["type"] == "number":
        return isinstance(value, (int, float))
    if schema["type"] not in kinds or not isinstance(value, kinds[schema["type"]]):
        return False
    if isinstance(value, list):
        return all(fits(schema["items"], item, root) for item in value)
    if isinstance(value, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", False)
        named = all(fits(properties[key], item, root) for key, item in value.items() if key in properties)
        rest = [item for key, item in value.items() if key not in properties]
        return (
            named
            and all(key in value for key in schema.get("required", ()))
            and all(isinstance(others, dict) and fits(others, item, root) for item in rest)
        )
    return True


def test_the_samples_fit_and_a_misspelt_key_does_not() -> None:
    schema = json_schema()
    samples = sorted((Path(__file__).parents[2] / "workflows").glob("*.toml"))
    assert samples
    for sample in samples:
        document = tomllib.loads(sample.read_text())
        assert fits(schema, document, schema), sample
        document["triggers"]["by_hand"]["action"] = []
        assert not fits(schema, document, schema)
        del document["triggers"]["by_hand"]["action"]
        del document["triggers"]["by_hand"]["type"]
        assert not fits(schema, document, schema)


def test_the_schema_is_json_whose_references_all_lead_somewhere() -> None:
    text = json.dumps(json_schema())
    names = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
    assert names <= json_schema()["$defs"].keys()
    assert '"CRAWL_CHANGED"' in text
