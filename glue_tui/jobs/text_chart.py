"""The same charts as text, for the log and the terminal."""

from __future__ import annotations

import plotext

from glue_tui.jobs.chart_data import ChartData, axis_text, figure_text, nice_ticks, number, spread

_ROWS_SHOWN = 20
_LABEL_CHARS_MAX = 24
_X_LABELS = 6


def text_chart(chart: ChartData, *, width: int = 78, height: int = 14) -> str:
    """Return a chart as lines of plain text, at most `width` columns wide."""
    if chart.message:
        return f"{chart.title}: {chart.message}"
    match chart.kind:
        case "number":
            return f"{chart.title}: {figure_text(chart.rows[0][chart.y])}"
        case "bar":
            return f"{chart.title}\n{_bars(chart, width)}"
        case "line":
            return f"{chart.title}\n{_line(chart, width, height)}"
        case _:
            return f"{chart.title}\n{_table(chart, width)}"


def _line(chart: ChartData, width: int, height: int) -> str:
    points = chart.points()
    figures = [figure for _, figure in points]
    plotext.clear_figure()
    plotext.plotsize(width, height)
    plotext.theme("clear")
    plotext.frame(False)
    plotext.plot(list(range(len(points))), figures, marker="braille")
    ticks = nice_ticks(min(figures), max(figures), 4)
    plotext.ylim(ticks[0], ticks[-1])
    plotext.yticks(ticks, [axis_text(tick, ticks[1] - ticks[0]) for tick in ticks])
    places = spread(len(points), _X_LABELS)
    plotext.xticks(places, [str(points[place][0])[:16] for place in places])
    text = plotext.uncolorize(plotext.build())
    return "\n".join(line.rstrip() for line in text.split("\n")).rstrip("\n")


def _bars(chart: ChartData, width: int) -> str:
    points = chart.points()[:_ROWS_SHOWN]
    labels = [str(place)[:_LABEL_CHARS_MAX] for place, _ in points]
    values = [figure_text(figure) for _, figure in points]
    label_width, value_width = max(map(len, labels)), max(map(len, values))
    largest = max((abs(figure) for _, figure in points), default=0.0) or 1.0
    room = max(width - label_width - value_width - 3, 8)
    bars = ["█" * max(round(abs(figure) / largest * room), 1 if figure else 0) for _, figure in points]
    return "\n".join(
        f"{label:<{label_width}} {value:>{value_width}} {bar}"
        for label, value, bar in zip(labels, values, bars, strict=True)
    )


def _table(chart: ChartData, width: int) -> str:
    shown = [[figure_text(value) for value in row] for row in chart.rows[:_ROWS_SHOWN]]
    is_figure = [
        all(value is None or number(value) is not None for value in column) for column in zip(*chart.rows, strict=True)
    ]
    widths = [max(map(len, column)) for column in zip(chart.columns, *shown, strict=True)]

    def line(cells: list[str]) -> str:
        aligned = (
            f"{text:>{size}}" if right else f"{text:<{size}}"
            for text, size, right in zip(cells, widths, is_figure, strict=True)
        )
        return "  ".join(aligned).rstrip()[:width]

    lines = [line(list(chart.columns)), *map(line, shown)]
    if len(chart.rows) > _ROWS_SHOWN:
        lines.append(f"… {len(chart.rows) - _ROWS_SHOWN} more rows")
    return "\n".join(lines)
