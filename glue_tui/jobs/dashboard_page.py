"""One HTML file that needs nothing else: no script, no network; charts are SVG in the page, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from itertools import pairwise

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

_LINE_WIDTH, _LINE_HEIGHT = 1000, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 24, 16, 32
_X_LABELS_MAX = 8
_NEAR_THE_END = 0.97
"""A label from here on ends where its point stands, so that it stays within the page."""
_FLAT_SHARE = 0.8
_DOTS_MAX = 60
"""With more points a line has no dots, only its last one."""
_BAR_ROW, _BAR_LABEL_WIDTH, _BAR_VALUE_WIDTH = 32, 150, 96
_BAR_WIDTHS = {"half": 484, "wide": 1010}
"""Drawn at the size at which it is shown on a wide screen, so that its letters are as large as those around it."""
_LABEL_CHARS_MAX = 20

_STYLE = """
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #17202b; --soft: #5d6977;
  --rule: #e3e7ec; --accent: #1f6fb2; --tint: #1f6fb21f; }
@media (prefers-color-scheme: dark) { :root {
  --page: #12161c; --card: #1a2029; --ink: #e8ecf1; --soft: #97a3b1;
  --rule: #2b3440; --accent: #64b0ee; --tint: #64b0ee26; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); -webkit-text-size-adjust: 100%;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 40px 24px 56px; }
h1 { font-size: 28px; line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; margin: 0 0 4px; }
header p, footer { color: var(--soft); margin: 0; font-size: 13px; }
header { margin-bottom: 28px; }
.grid { display: grid; grid-template-columns: repeat(12, 1fr); gap: 16px; }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 18px 20px;
  min-width: 0; }
.wide { grid-column: span 12; } .half { grid-column: span 6; } .third { grid-column: span 4; }
@media (max-width: 820px) { main { padding: 24px 14px 40px; } .half, .third { grid-column: span 12; } }
h1, h2, td { overflow-wrap: anywhere; }
h2 { font-size: 14px; font-weight: 600; margin: 0 0 10px; }
td { min-width: 5em; }
.figure { font-size: 34px; line-height: 1.15; font-weight: 650; letter-spacing: -0.02em;
  font-variant-numeric: tabular-nums;  overflow-wrap: anywhere; }
.is-number h2 { color: var(--soft); font-weight: 500; margin-bottom: 4px; }
.is-empty { align-self: start; }
.is-empty p { color: var(--soft); margin: 0; padding: 18px 20px; border: 1px dashed var(--rule);
  border-radius: 8px; text-align: center; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { font-size: 13px; fill: var(--soft); font-variant-numeric: tabular-nums; }
@media (max-width: 600px) { .is-line svg text { font-size: 24px; } }
svg .value { fill: var(--ink); }
svg .name { fill: var(--ink); font-size: 14px; }
.rule { stroke: var(--rule); stroke-width: 1; } .zero { stroke: var(--soft); stroke-width: 1; opacity: .6; }
.line { fill: none; stroke: var(--accent); stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
.area { fill: var(--tint); } .dot { fill: var(--accent); stroke: var(--card); stroke-width: 1.5; }
.bar { fill: var(--accent); }
.hit { fill: transparent; } .hit:hover { fill: var(--tint); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; font-size: 12.5px; color: var(--soft); white-space: nowrap; }
th, td { padding: 7px 20px 7px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; }
.right { text-align: right; white-space: nowrap; } th:last-child, td:last-child { padding-right: 0; }
.note { color: var(--soft); font-size: 12.5px; margin: 10px 0 0; }
footer { margin-top: 28px; }
@media print { body { background: #fff; } section { break-inside: avoid; } main { padding: 0; max-width: none; } }
"""


def dashboard_page(title: str, made_by: str, made_at: datetime, charts: Sequence[ChartData]) -> str:
    """Return the whole page. `made_by` names the run, `made_at` is shown in its own time zone."""
    title, made_by = one_line(title), one_line(made_by)
    when = f"{made_at.day} {made_at:%B %Y, %H:%M} {made_at:%Z}"
    sections = "\n".join(
        f'<section class="{width} is-{chart.kind}{" is-empty" if chart.message else ""}">'
        f"<h2>{escape(one_line(chart.title))}</h2>"
        f"{_body(chart, width)}</section>"
        for chart, width in zip(charts, _widths(charts), strict=True)
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<header><h1>{escape(title)}</h1><p>{escape(when)} · {escape(made_by)}</p></header>
<div class="grid">
{sections}
</div>
<footer>Made by glue-tui.</footer>
</main>
</body>
</html>
"""


def _widths(charts: Sequence[ChartData]) -> list[str]:
    """Return each section's width: figures in rows of up to three, bars and tables in pairs, a line across the page."""
    widths: list[str] = []
    start = 0
    while start < len(charts):
        group = _group(charts[start])
        end = start
        while end < len(charts) and _group(charts[end]) == group:
            end += 1
        widths.extend(_row_widths(group, end - start))
        start = end
    return widths


def _row_widths(group: str, count: int) -> list[str]:
    match group:
        case "number":
            rest = count % 3
            last = {0: [], 1: ["wide"], 2: ["half", "half"]}[rest]
            return ["third"] * (count - rest) + last
        case "pair":
            return ["half"] * (count - count % 2) + ["wide"] * (count % 2)
        case _:
            return ["wide"] * count


def _group(chart: ChartData) -> str:
    match chart.kind:
        case "number":
            return "number"
        case "bar":
            return "pair"
        case "table":
            return "pair" if len(chart.columns) <= 5 else "wide"
        case _:
            return "wide"


def _body(chart: ChartData, width: str) -> str:
    if chart.message:
        return f"<p>{escape(chart.message)}</p>"
    match chart.kind:
        case "number":
            return f'<div class="figure">{escape(figure_text(chart.rows[0][chart.y]))}</div>'
        case "bar":
            return _bars(chart, _BAR_WIDTHS[width]) + _note(chart)
        case "line":
            return _line(chart) + _note(chart)
        case _:
            return _table(chart) + _note(chart)


def _note(chart: ChartData) -> str:
    if not chart.rows_left_out:
        return ""
    return f'<p class="note">The first {len(chart.rows):,} rows; {chart.rows_left_out:,} more are left out.</p>'


def _line(chart: ChartData) -> str:
    points = chart.points()
    figures = [figure for _, figure in points]
    # From zero, unless that would flatten the line to nothing; an area is honest only if it stands on zero.
    low = min(figures) if min(figures) > max(figures) * _FLAT_SHARE else min(0.0, *figures)
    ticks = nice_ticks(low, max(figures), 4)
    bottom = _LINE_HEIGHT - _BOTTOM
    width = _LINE_WIDTH - _LEFT - _RIGHT

    positions = chart.positions() if len(points) > 1 else [0.5]
    across = [_LEFT + width * position for position in positions]

    def up(figure: float) -> float:
        return bottom - (figure - ticks[0]) / (ticks[-1] - ticks[0]) * (bottom - _TOP)

    parts = []
    for tick in ticks:
        height, label = up(tick), axis_text(tick, ticks[1] - ticks[0])
        kind = "zero" if tick == 0 else "rule"
        parts.append(f'<path class="{kind}" d="M{_LEFT},{height:.1f}H{_LINE_WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 10}" y="{height + 4.5:.1f}" text-anchor="end">{label}</text>')
    names = axis_names([name for name, _ in points])
    for place in labelled(positions, _X_LABELS_MAX):
        anchor = "end" if positions[place] > _NEAR_THE_END else "middle"
        parts.append(
            f'<text x="{across[place]:.1f}" y="{_LINE_HEIGHT - 8}" text-anchor="{anchor}">{escape(names[place])}</text>'
        )
    path = " ".join(f"{place:.1f},{up(figure):.1f}" for place, figure in zip(across, figures, strict=True))
    if ticks[0] <= 0 <= ticks[-1]:
        start, end = f"{across[0]:.1f},{up(0):.1f}", f"{across[-1]:.1f},{up(0):.1f}"
        parts.append(f'<polygon class="area" points="{start} {path} {end}"/>')
    parts.append(f'<polyline class="line" points="{path}"/>')
    shown = range(len(points)) if len(points) <= _DOTS_MAX else [len(points) - 1]
    parts.extend(
        f'<circle class="dot" cx="{across[place]:.1f}" cy="{up(figures[place]):.1f}" r="4"/>' for place in shown
    )
    # What the pointer has to meet reaches to the middle between neighbours.
    middles = [(left + right) / 2 for left, right in pairwise(across)]
    for place, (left, right) in enumerate(pairwise((_LEFT, *middles, _LINE_WIDTH - _RIGHT))):
        name, figure = points[place]
        parts.append(
            f'<rect class="hit" x="{left:.1f}" y="{_TOP}" width="{right - left:.1f}" height="{bottom - _TOP}">'
            f"<title>{escape(figure_text(name))}: {figure_text(figure)}</title></rect>"
        )
    return _svg(_LINE_WIDTH, _LINE_HEIGHT, one_line(chart.title), parts)


def _bars(chart: ChartData, width: int) -> str:
    points = chart.points()
    low, high = min(0.0, *(figure for _, figure in points)), max(0.0, *(figure for _, figure in points))
    room = width - _BAR_LABEL_WIDTH - _BAR_VALUE_WIDTH
    scale = room / ((high - low) or 1.0)
    zero = _BAR_LABEL_WIDTH - low * scale
    decimals = have_decimals(figure for _, figure in points)
    parts = []
    for place, (name, figure) in enumerate(points):
        top = place * _BAR_ROW
        left, length = zero + min(figure, 0.0) * scale, max(abs(figure) * scale, 1.0)
        value_left = zero + max(figure, 0.0) * scale + 8
        text, value = figure_text(name), figure_text(figure, has_decimals=decimals)
        short = text if cell_len(text) <= _LABEL_CHARS_MAX else set_cell_size(text, _LABEL_CHARS_MAX - 1) + "…"
        middle = top + _BAR_ROW / 2 + 5
        parts.append(
            f"<g><title>{escape(text)}: {figure_text(figure)}</title>"
            f'<text class="name" x="0" y="{middle:.1f}">{escape(short)}</text>'
            f'<rect class="bar" x="{left:.1f}" y="{top + 7}" width="{length:.1f}" height="{_BAR_ROW - 14}" rx="2.5"/>'
            f'<text class="value" x="{value_left:.1f}" y="{middle:.1f}">{value}</text></g>'
        )
    return _svg(width, len(points) * _BAR_ROW, one_line(chart.title), parts)


def _table(chart: ChartData) -> str:
    is_figure = [
        any(value is not None for value in column)
        and all(value is None or number(value) is not None for value in column)
        for column in zip(*chart.rows, strict=True)
    ]
    classes = [' class="right"' if right else "" for right in is_figure]
    decimals = [have_decimals(column) for column in zip(*chart.rows, strict=True)]
    head = "".join(
        f"<th{kind}>{escape(one_line(name).replace('_', ' '))}</th>"
        for name, kind in zip(chart.columns, classes, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(
            f"<td{kind}>{escape(figure_text(value, has_decimals=exact or None))}</td>"
            for value, kind, exact in zip(row, classes, decimals, strict=True)
        )
        + "</tr>"
        for row in chart.rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def _svg(width: int, height: int, label: str, parts: list[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">\n'
        + "\n".join(parts)
        + "\n</svg>"
    )
