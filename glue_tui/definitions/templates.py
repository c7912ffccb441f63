"""Check the templates in a definition's strings: their syntax and the names they use. Workers fill them in, not we."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from glue_tui.core.problem import did_you_mean

KNOWN_FIELDS: dict[str, tuple[str, ...]] = {
    "run": ("id", "number", "scheduled_at"),
    "event": ("files", "deleted_files"),
}
"""What a template may read besides `properties` and `env`."""

_ROOTS = ("properties", "run", "event", "env")
_PLAIN = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)(?:\.([A-Za-z_][A-Za-z0-9_]*))?\s*\}\}")
"""`{{ properties.day }}`, `{{ outcome }}`: read without a template engine."""
_MARKS = ("{{", "}}", "{%", "%}", "{#", "#}")


def has_template(text: str) -> bool:
    return "{{" in text or "{%" in text or "{#" in text


def template_problems(text: str, properties: Collection[str], names: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield message and hint for everything wrong with the templates in `text`.

    `names` are values known there besides what every template knows.
    """
    if not has_template(text):
        return
    rest = _PLAIN.sub("", text)
    reads = [(match[1], match[2] or "") for match in _PLAIN.finditer(text)]
    if any(mark in rest for mark in _MARKS) or any(root not in (*_ROOTS, *names) for root, _ in reads):
        try:
            reads = _parsed_reads(text)
        except ValueError as error:
            yield f"not a valid template: {error}", 'a template reads like "{{ properties.day }}"'
            return
    for root, name in dict.fromkeys(reads):
        if root not in names:
            yield from _read_problems(root, name, properties, names)


def _read_problems(
    root: str, name: str, properties: Collection[str], names: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    if root == "properties":
        if name and name not in properties:
            hint = did_you_mean(name, tuple(properties)) or "name it under [properties]"
            yield f'no property named "{name}"', hint
    elif root in KNOWN_FIELDS:
        if name and name not in KNOWN_FIELDS[root]:
            yield f'a template knows no "{root}.{name}"', did_you_mean(name, KNOWN_FIELDS[root])
    elif root != "env":
        yield f'a template knows no "{root}"', did_you_mean(root, (*_ROOTS, *names))


def _parsed_reads(text: str) -> list[tuple[str, str]]:
    """Return each (root, field) that the templates read. Raises ValueError where Jinja2 can't parse them."""
    from jinja2 import TemplateError, meta, nodes
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment()
    try:
        tree = environment.parse(text)
        roots = meta.find_undeclared_variables(tree)
    except (TemplateError, RecursionError) as error:
        raise ValueError(getattr(error, "message", None) or "nested too deeply") from error
    known = set(environment.globals)
    reads = [(root, "") for root in sorted(roots - known)]
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name):
            reads.append((node.node.name, node.attr))
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.node, nodes.Name) and isinstance(item.arg, nodes.Const) and isinstance(item.arg.value, str):
            reads.append((item.node.name, item.arg.value))
    return [(root, name) for root, name in reads if root in roots]
