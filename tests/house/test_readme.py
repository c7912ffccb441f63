"""The README tells the truth: its keys are the program's, its commands exist, its workflow loads.

`UPDATE_README=1 pytest tests/house/test_readme.py` writes the table of keys anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from glue_tui.cli.app import COMMANDS
from glue_tui.definitions.load import load_file
from glue_tui.tui.actions.table import ACTIONS

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
KEYS = re.compile(r"(?<=<!-- keys -->\n).*(?=<!-- end of keys -->)", re.DOTALL)


def key_table() -> str:
    lines = ["| key | does |", "| --- | --- |"]
    for action in ACTIONS:
        where = f"in the {action.place}: " if action.place else ""
        lines.append(f"| `{action.shown}` | {where}{action.help} |".replace("`|`", "`\\|`"))
    return "\n".join(lines) + "\n"


def test_the_table_of_keys_is_the_table_of_actions() -> None:
    text = README.read_text()
    if os.environ.get("UPDATE_README"):
        README.write_text(KEYS.sub(lambda _: key_table(), text))
        text = README.read_text()
    found = KEYS.search(text)
    assert found is not None
    assert found.group() == key_table()


def test_every_command_is_in_the_readme_and_every_one_named_there_exists() -> None:
    text = README.read_text()
    named = set(
        re.findall(r"glue-tui ([a-z]+)\b", "\n".join(re.findall(r"`[^`\n]+`|^ *glue-tui .*$", text, re.MULTILINE)))
    )
    table = text[text.index("## Command line") : text.index("## Writing a workflow")]
    listed = {
        word for cell in re.findall(r"^\| (`.*?) \| ", table, re.MULTILINE) for word in re.findall(r"`([a-z]+)", cell)
    }
    assert set(COMMANDS) <= listed
    assert named <= set(COMMANDS)
    assert listed - {"glue"} <= set(COMMANDS)


def test_the_workflow_in_the_readme_is_valid(tmp_path: Path) -> None:
    text = README.read_text()
    toml = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert toml is not None
    (tmp_path / "workflows" / "jobs").mkdir(parents=True)
    script = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert script is not None
    (tmp_path / "workflows" / "jobs" / "clean.py").write_text(script.group(1))
    path = tmp_path / "workflows" / "readme.toml"
    path.write_text(toml.group(1))
    loaded = load_file(path, tmp_path)
    assert [str(problem) for problem in loaded.problems if not problem.is_warning] == []
    compile(script.group(1), "clean.py", "exec")


def test_the_pictures_of_the_readme_exist_and_ask_no_server() -> None:
    names = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README.read_text())
    assert len(names) >= 4
    for name in names:
        assert "https://" not in (ROOT / name).read_text()
