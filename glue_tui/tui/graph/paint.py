"""Painting a drawing: cells and states become styled segments, one row at a time."""

from __future__ import annotations

from collections import defaultdict

from rich.cells import cell_len
from rich.segment import Segment

from glue_tui.tui.graph.drawing import EAST, NORTH, SOUTH, WEST, Drawing, PlacedLabel, PlacedNode, Shape, Strand
from glue_tui.tui.graph.subject import Face, Mood, Subject
from glue_tui.tui.theme import Look

_LINES = " ╵╶╰╷│╭├╴╯─┴╮┤┬┼"
"""By the sides a cell touches: north 1, east 2, south 4, west 8."""
_HEAVY_LINES = " ╹╺┗╻┃┏┣╸┛━┻┓┫┳╋"
"""Of the way that decides when the run ends."""
_ASCII_LINES = " |-+||++-+-++++" + "+"
_HEAVY = {"top": "┏┓", "bottom": "┗┛"}
_DASHED = {"─": "╌", "│": "╎"}
_MOOD_TONES = {Mood.DEAD: "faint", Mood.OPEN: "muted", Mood.TRAVELLED: "text", Mood.CRITICAL: "accent"}
_LABEL_TONES = {"success": "good", "failure": "bad", "timeout": "bad", "stopped": "warn"}

Row = tuple[list[str], list[str]]
"""Characters (an empty one after a wide one) and their tones."""


class Painter:
    """Paints the rows of one drawing in one state; rows are kept until `show` brings another state."""

    def __init__(self, drawing: Drawing, look: Look) -> None:
        self.drawing = drawing
        self.look = look
        self._subject: Subject | None = None
        self._selected = ""
        self._has_focus = False
        self._rows: dict[int, Row] = {}
        self._strands: dict[int, list[tuple[int, list[Strand]]]] = defaultdict(list)
        for (x, y), strands in drawing.strands.items():
            self._strands[y].append((x, strands))
        self._arrows: dict[int, list[tuple[int, frozenset[int]]]] = defaultdict(list)
        for (x, y), edges in drawing.arrows.items():
            self._arrows[y].append((x, edges))
        self._labels: dict[int, list[PlacedLabel]] = defaultdict(list)
        for label in drawing.labels:
            self._labels[label.y].append(label)
        self._nodes: dict[int, list[PlacedNode]] = defaultdict(list)
        for node in drawing.nodes:
            for y in range(node.y, node.y + node.height):
                self._nodes[y].append(node)

    def show(self, subject: Subject, selected: str, has_focus: bool) -> list[int]:
        """Take over states and selection; return which of the rows painted so far look different now."""
        self._subject, self._selected, self._has_focus = subject, selected, has_focus
        old, self._rows = self._rows, {y: self._painted(y, subject) for y in self._rows}
        return [y for y, row in self._rows.items() if row != old[y]]

    def segments(self, y: int, x: int, width: int) -> list[Segment]:
        """Return `width` cells of row `y` from column `x` on."""
        if self._subject is None or not 0 <= y < self.drawing.height:
            return [Segment(" " * width, self.look.style("text"))]
        row = self._rows.get(y)
        if row is None:
            row = self._rows[y] = self._painted(y, self._subject)
        characters, tones = self._window(row, x, width)
        segments: list[Segment] = []
        start = 0
        for position in range(1, len(tones) + 1):
            if position == len(tones) or tones[position] != tones[start]:
                segments.append(Segment("".join(characters[start:position]), self.look.style(tones[start] or "text")))
                start = position
        if len(tones) < width:
            segments.append(Segment(" " * (width - len(tones)), self.look.style("text")))
        return segments

    def _window(self, row: Row, x: int, width: int) -> Row:
        """Return the cells from `x` on, with a sign at either end where something lies beyond."""
        characters, tones = row[0][x : x + width], row[1][x : x + width]
        beyond = (
            (0, x > 0 and any(cell != " " for cell in row[0][:x])),
            (len(characters) - 1, any(cell != " " for cell in row[0][x + width :])),
        )
        for position, is_cut in beyond:
            if is_cut and characters:
                characters[position], tones[position] = self.look.glyph("cut"), "muted"
        if characters and characters[0] == "":  # half of a wide character is a blank
            characters[0] = " "
        if len(characters) > 1 and characters[1] == "" and beyond[0][1]:
            characters[1] = " "
        if characters and cell_len(characters[-1]) == 2:
            characters[-1] = " "
        if len(characters) > 1 and beyond[1][1] and cell_len(characters[-2]) == 2:
            characters[-2] = " "
        return characters, tones

    def _painted(self, y: int, subject: Subject) -> Row:
        width = self.drawing.width
        row: Row = ([" "] * width, [""] * width)
        for x, strands in self._strands.get(y, ()):
            self._paint_line(row, x, strands, subject.moods)
        for x, edges in self._arrows.get(y, ()):
            row[0][x] = ">" if self.look.is_ascii else "▶"
            row[1][x] = _MOOD_TONES[_mood(edges, subject.moods)]
        for label in self._labels.get(y, ()):
            mood = _mood(label.edges, subject.moods)
            tone = "muted" if mood is Mood.DEAD else _LABEL_TONES.get(label.text, "text")
            _write(row, label.x, label.text, tone)
        for node in self._nodes.get(y, ()):
            self._paint_node(row, node, y - node.y, subject.faces[node.node_id])
        return row

    def _paint_line(self, row: Row, x: int, strands: list[Strand], moods: tuple[Mood, ...]) -> None:
        """Paint one cell; where lines only cross, the upright one goes over the other."""
        shown = strands
        if len(strands) > 1:
            upright = [strand for strand in strands if strand.sides == NORTH | SOUTH]
            if upright and all(strand.sides in (NORTH | SOUTH, EAST | WEST) for strand in strands):
                shown = upright
        sides, edges = 0, set[int]()
        for strand in shown:
            sides |= strand.sides
            edges |= strand.edges
        mood = _mood(edges, moods)
        lines = _HEAVY_LINES if mood is Mood.CRITICAL else _LINES
        character = (_ASCII_LINES if self.look.is_ascii else lines)[sides]
        if mood is Mood.CRITICAL and character == "-":
            character = "="
        elif mood is Mood.DEAD:
            character = ":" if character == "|" else _DASHED.get(character, character)
        row[0][x] = character
        row[1][x] = _MOOD_TONES[mood]

    def _paint_node(self, row: Row, node: PlacedNode, line: int, face: Face) -> None:
        over = ""
        if node.node_id == self._selected:
            over = "+cursor" if self._has_focus else "+cursor_idle"
        if not node.is_box:
            self._paint_text(row, node, line, face, over)
            return
        bold = face.tone in ("bad", "running")
        border = "bad_strong" if face.tone == "bad" else face.tone
        glyph = self.look.glyph
        if line in (0, node.height - 1):
            self._paint_border(row, node, face, border, "top" if line == 0 else "bottom")
            return
        side = "┃" if face.is_critical and not self.look.is_ascii else glyph("vertical")
        _write(row, node.x, side + " " * (node.width - 2) + side, border)
        for x in range(node.x + 1, node.x + node.width - 1):
            row[1][x] = "text" + over
        if line == node.text_row:
            x = node.x + node.text_x
            _write(row, x, glyph(face.glyph), face.tone + over)
            _write(row, x + 2, face.name, ("strong" if bold and face.tone != "bad" else face.name_tone) + over)

    def _paint_border(self, row: Row, node: PlacedNode, face: Face, border: str, side: str) -> None:
        glyph = self.look.glyph
        inner = node.width - 2
        left, bar, right = glyph(f"{side}_left"), glyph("horizontal"), glyph(f"{side}_right")
        if face.is_critical:
            left, bar, right = (left, "=", right) if self.look.is_ascii else (_HEAVY[side][0], "━", _HEAVY[side][1])
        _write(row, node.x, left + bar * inner + right, border)
        if side == "top":
            return
        if face.progress is not None:
            done = round(max(0.0, min(1.0, face.progress)) * inner)
            _write(row, node.x + 1, glyph("bar_full") * done, "running")
        elif face.note and len(face.note) + 3 < inner:
            _write(row, node.x + node.width - len(face.note) - 4, f" {face.note} ", border)

    def _paint_text(self, row: Row, node: PlacedNode, line: int, face: Face, over: str) -> None:
        if self.drawing.shape is not Shape.RAIL and len(node.port_rows) > 1:
            sides = (NORTH if line else 0) | (SOUTH if line < node.height - 1 else 0) | WEST
            sides |= EAST if line == node.text_row else 0
            row[0][node.x] = (_ASCII_LINES if self.look.is_ascii else _LINES)[sides]
            row[1][node.x] = "muted"
        if line != node.text_row:
            return
        x = node.x + node.text_x
        _write(row, x, self.look.glyph(face.glyph), face.tone + over)
        _write(row, x + 1, " " + face.name, face.name_tone + over)


def _mood(edges: frozenset[int] | set[int], moods: tuple[Mood, ...]) -> Mood:
    return max((moods[edge] for edge in edges), default=Mood.OPEN)


def _write(row: Row, x: int, text: str, tone: str) -> None:
    """Put text into a row; a wide character takes two cells."""
    characters, tones = row
    if text.isascii() or cell_len(text) == len(text):
        characters[x : x + len(text)] = text
        tones[x : x + len(text)] = [tone] * len(text)
        return
    for character in text:
        width = cell_len(character)
        if width == 0:
            characters[x - 1] += character
            continue
        characters[x] = character
        tones[x] = tone
        if width == 2:
            characters[x + 1], tones[x + 1] = "", tone
        x += width
