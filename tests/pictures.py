"""Makes the README's pictures from the real program: `python -m tests.pictures`.

The sample project is copied to a temporary folder, opened in a real pseudo-terminal, worked with by keys, and what the
screen shows is drawn cell by cell into `.readme/*.svg`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from io import StringIO
from itertools import groupby
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.terminal import Terminal

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / ".readme"
PAPER, INK = (22, 22, 30), (192, 202, 245)
ANSI = [
    (21, 22, 30),
    (247, 118, 142),
    (158, 206, 106),
    (224, 175, 104),
    (122, 162, 247),
    (187, 154, 247),
    (125, 207, 255),
]
THEME = TerminalTheme(PAPER, INK, [*ANSI, (169, 177, 214)])
ELSEWHERE = re.compile(r"@font-face\s*\{[^}]*\}|<!--.*?-->")
"""Rich asks a public server for its font; a picture in a README should ask nobody."""


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    os.environ["TZ"] = "Europe/Paris"
    with tempfile.TemporaryDirectory(prefix="glue-tui-pictures-") as folder:
        project_dir = Path(folder) / "sales-project"
        shutil.copytree(ROOT / "workflows", project_dir / "workflows")
        shutil.copytree(ROOT / "sample_data", project_dir / "sample_data")
        try:
            take_pictures(project_dir)
        finally:
            subprocess.run([sys.executable, "-m", "glue_tui", "engine", "stop"], cwd=project_dir, capture_output=True)


def take_pictures(project_dir: Path) -> None:
    """Walk through the README's first five minutes."""
    command = [sys.executable, "-m", "glue_tui"]
    with Terminal(command, cwd=project_dir, columns=120, rows=36) as terminal:
        terminal.wait_for("daily_sales", "price_repair", "stock_watch")
        terminal.press("r")
        answer_form(terminal)
        terminal.wait_for("✓ SUCCEEDED")
        save(terminal, "run")
        select(terminal, "price_repair")
        terminal.press("r")
        answer_form(terminal)
        terminal.wait_for("RECOVERED")
        select(terminal, "repair_prices")
        terminal.read(0.5)
        save(terminal, "failed")
        select(terminal, "prices_repaired")
        terminal.press("w")
        terminal.wait_for("can't fire any more")
        save(terminal, "why")
        terminal.press("escape")
        select(terminal, "repair_prices")
        script = project_dir / "workflows" / "jobs" / "repair_prices.py"
        script.write_text(script.read_text().replace("unit_pirce", "unit_price"))
        terminal.press("R")
        terminal.read(0.7)
        save(terminal, "retry")
        terminal.press("escape")
        terminal.press("q")
        terminal.wait_for_end()
    with Terminal(command, cwd=project_dir, columns=80, rows=24) as terminal:
        terminal.wait_for("daily_sales")
        terminal.read(0.7)
        save(terminal, "small")
        terminal.press("q")
        terminal.wait_for_end()


def answer_form(terminal: Terminal) -> None:
    """Start with what the run form proposes, where one comes up."""
    terminal.read(0.5)
    if "max_rejected_percent" in terminal.text and "enter" in terminal.text.lower():
        terminal.press("enter")


def select(terminal: Terminal, name: str) -> None:
    """Move the tree's cursor down to a row."""
    terminal.press("g", "g")
    for _ in range(60):
        terminal.read(0.1)
        if name in cursor_row(terminal):
            return
        terminal.press("j")
    raise AssertionError(f"{name} is not in the tree:\n{terminal.text}")


def cursor_row(terminal: Terminal) -> str:
    """Return the row of the workflow pane that stands out by its background."""
    screen = terminal.screen
    end = next(number for number, line in enumerate(screen.display) if "2 Triggers" in line)
    papers = [screen.buffer[number][5].bg for number in range(2, end)]
    usual = Counter(papers).most_common(1)[0][0]
    rows = [number for number, paper in enumerate(papers, 2) if paper != usual]
    return screen.display[rows[0]][:36] if rows else ""


def save(terminal: Terminal, name: str) -> None:
    """Draw the screen into `.readme/NAME.svg`."""
    screen = terminal.screen
    console = Console(width=screen.columns, record=True, file=StringIO(), color_system="truecolor", force_terminal=True)
    for number in range(screen.lines):
        cells = [cell for column in range(screen.columns) if (cell := screen.buffer[number][column]).data]
        line = Text(no_wrap=True, overflow="crop")
        for style, same in groupby(cells, style_of):
            line.append("".join(cell.data for cell in same), style)
        console.print(line, soft_wrap=True)
    svg = ELSEWHERE.sub("", console.export_svg(title="glue-tui", theme=THEME, unique_id=f"glue-{name}"))
    (PICTURES / f"{name}.svg").write_text(svg)
    print(f".readme/{name}.svg")


def style_of(cell: pyte.screens.Char) -> Style:
    fg, bg = (cell.bg, cell.fg) if cell.reverse else (cell.fg, cell.bg)
    return Style(color=colour(fg), bgcolor=colour(bg), bold=cell.bold, underline=cell.underscore, italic=cell.italics)


def colour(name: str) -> str | None:
    if name == "default":
        return None
    return f"#{name}" if re.fullmatch("[0-9a-f]{6}", name) else {"brown": "yellow"}.get(name, name)


if __name__ == "__main__":
    main()
