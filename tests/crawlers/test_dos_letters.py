"""Files of DOS programs, whose letters beyond ASCII look like signs of cp1252: the crawl says that it guessed."""

from __future__ import annotations

import pytest

from glue_tui.crawlers.encodings import GUESSED, guessed


@pytest.mark.parametrize("text", ["name;ort\nKäse;Jörg\n", "größer", "Café;René"])
def test_text_of_dos_is_in_doubt(text: str) -> None:
    assert guessed(text.encode("cp850"))[1] == (GUESSED,)


@pytest.mark.parametrize("text", ["Käse „so“ und “x”,„y”", "l’été à Québec", "Größe;Maße;Jörg;Käse"])
def test_text_of_windows_is_not(text: str) -> None:
    assert guessed(text.encode("cp1252")) == ("cp1252", ())
