"""The same charts as text, for the log and the terminal."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from glue_tui.jobs.chart_data import (
    ChartData,
    axis_names,
    axis_text,
    figure_text,
    have_decimals,
    labelled,
    nice_ticks,
    number,
    one_line,
)

_ROWS_SHOWN = 20
_LABEL_CHARS_MAX = 24
_X_LABELS = 6
_COLUMN_CHARS_MIN = 12
_GAP = "  "


def text_chart(chart: ChartData, *, width: int = 70, height: int = 14) -> str:
    """Return a chart as lines of plain text, at most `width` columns wide: the log pane of 80 columns has 70 for it."""
    title = one_line(chart.title)
    if chart.message:
        return f"{title}: {chart.message}"
    match chart.kind:
        case "number":
            return f"{title}: {figure_text(chart.rows[0][chart.y])}"
        case "bar":
            return f"{title}\n{_bars(chart, width)}"
        case "line":
            return f"{title}\n{_line(chart, width, height)}"
        case _:
            return f"{title}\n{_table(chart, width)}"


def _line(chart: ChartData, width: int, height: int) -> str:
    import plotext  # Every worker would wait for it.

    points = chart.points()
    figures = [figure for _, figure in points]
    plotext.clear_figure()
    plotext.plotsize(width, height)
    plotext.theme("clear")
    plotext.frame(False)
    positions = chart.positions()
    plotext.plot(positions, figures, marker="braille")
    ticks = nice_ticks(min(figures), max(figures), 4)
    plotext.ylim(ticks[0], ticks[-1])
    plotext.yticks(ticks, [axis_text(tick, ticks[1] - ticks[0]) for tick in ticks])
    names = axis_names([place for place, _ in points])
    places = labelled(positions, _X_LABELS)
    plotext.xticks([positions[place] for place in places], [names[place][:16] for place in places])
    text = plotext.uncolorize(plotext.build())
    # Plotext takes every letter for one column wide.
    lines = (line if cell_len(line) <= width else set_cell_size(line, width) for line in text.split("\n"))
    return "\n".join(line.rstrip() for line in lines).rstrip("\n")


def _bars(chart: ChartData, width: int) -> str:
    points = chart.points()[:_ROWS_SHOWN]
    labels = [figure_text(place) for place, _ in points]
    decimals = have_decimals(figure for _, figure in points)
    values = [figure_text(figure, has_decimals=decimals) for _, figure in points]
    label_width, value_width = min(max(map(cell_len, labels)), _LABEL_CHARS_MAX), max(map(len, values))
    room = max(width - label_width - value_width - 3, 8)
    figures = [figure for _, figure in points]
    low, high = min(0.0, *figures), max(0.0, *figures)
    scale = room / ((high - low) or 1.0)
    zero = round(-low * scale)
    lengths = [max(round(abs(figure) * scale), 1 if figure else 0) for figure in figures]
    bars = [
        " " * (max(zero - length, 0) if figure < 0 else zero) + "█" * length
        for figure, length in zip(figures, lengths, strict=True)
    ]
    return "\n".join(
        f"{_fitted(label, label_width)} {value:>{value_width}} {bar}".rstrip()
        for label, value, bar in zip(labels, values, bars, strict=True)
    )


def _table(chart: ChartData, width: int) -> str:
    head = [one_line(name) for name in chart.columns]
    shown = [[figure_text(value) for value in row] for row in chart.rows[:_ROWS_SHOWN]]
    is_figure = [
        all(value is None or number(value) is not None for value in column) for column in zip(*chart.rows, strict=True)
    ]
    widths = _column_widths([max(map(cell_len, column)) for column in zip(head, *shown, strict=True)], width)

    def line(cells: list[str]) -> str:
        aligned = (
            _fitted(text, size, is_right=right) for text, size, right in zip(cells, widths, is_figure, strict=True)
        )
        return set_cell_size(_GAP.join(aligned), width).rstrip()

    lines = [line(head), *map(line, shown)]
    if len(chart.rows) > _ROWS_SHOWN:
        lines.append(f"… {len(chart.rows) - _ROWS_SHOWN} more rows")
    return "\n".join(lines)


def _column_widths(wanted: list[int], width: int) -> list[int]:
    """Return the widths of columns: the widest are narrowed until all have room, or are as narrow as can be read."""
    widths = list(wanted)
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width and max(widths) > _COLUMN_CHARS_MIN:
        widths[widths.index(max(widths))] -= 1
    return widths


def _fitted(text: str, width: int, *, is_right: bool = False) -> str:
    """Return a text of exactly so many columns of the terminal; what is cut off is told by a sign."""
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    filling = " " * (width - cell_len(text))
    return filling + text if is_right else text + filling
