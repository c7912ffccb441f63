"""The column names that the cells of a header make."""

from __future__ import annotations


def column_names(cells: list[str]) -> tuple[str, ...]:
    """Return the cells of a header as column names: trimmed, an empty one numbered, a second one of a name too."""
    names: dict[str, None] = {}
    numbers: dict[str, int] = {}
    for place, cell in enumerate(cells):
        base = " ".join(cell.split())
        if place == 0 and base != "#":
            base = base.removeprefix("#").strip()
        base = base or f"col{place}"
        name = base
        while name in names:
            numbers[base] = numbers.get(base, 1) + 1
            name = f"{base}_{numbers[base]}"
        names[name] = None
    return tuple(names)


def header_names(cells: list[str], width: int) -> tuple[str, ...]:
    """Return the names of so many columns, whether the header has as many cells or not."""
    return column_names([*cells[:width], *[""] * (width - len(cells))])
