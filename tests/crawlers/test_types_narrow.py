"""A column's type is what its files make it: when those that widened it are gone or rewritten, it is narrow again."""

from __future__ import annotations

import json
import random

import pytest
from crawl_project import Project

from glue_tui.core.model import Classifier, FolderTarget
from glue_tui.core.states import RecrawlBehavior, TableGrouping, UpdateBehavior

VALUES = ("1", "22", "2.5", "true", "2025-01-31", "2025-01-31 10:00:00", "word", "", "007")
EVERYTHING = RecrawlBehavior.CRAWL_EVERYTHING


def test_a_column_is_narrow_again_when_the_file_that_widened_it_is_deleted(project: Project) -> None:
    project.write("in/a.csv", "id,x\n1,2\n")
    bad = project.write("in/b.csv", "id,x\nn/a,2\n7,3\n")
    project.crawl("in")
    assert project.types("raw.in") == {"id": "string", "x": "bigint"}
    bad.unlink()
    assert project.crawl("in").files_read == 0
    assert project.types("raw.in") == {"id": "bigint", "x": "bigint"}
    assert project.rows("raw.in") == [(1, 2)]
    assert any("column id: string → bigint" in line for line in project.log)


def test_a_column_is_narrow_again_when_the_file_that_widened_it_is_rewritten(project: Project) -> None:
    project.write("in/a.csv", "id,x\n1,2\n")
    project.crawl("in")
    project.write("in/b.csv", "id,x\nn/a,2\n7,3\n")
    project.crawl("in")
    assert "in/b.csv:2" in project.reason("raw.in", "id")
    project.write("in/b.csv", "id,x\n7,2\n")
    assert project.crawl("in").files_read == 1
    assert (project.types("raw.in")["id"], project.reason("raw.in", "id")) == ("bigint", "")


def test_a_reason_names_a_file_that_is_there(project: Project) -> None:
    project.write("in/a.csv", "id,x\n1,2\n2,3\n3,4\n")
    first = project.write("in/b.csv", "id,x\nn/a,2\n")
    project.write("in/c.csv", "id,x\n4,2\n?,2\n")
    project.crawl("in")
    assert "in/b.csv:2" in project.reason("raw.in", "id")
    project.write("in/d.csv", "id,x\n5,2\n")
    project.crawl("in")
    assert "in/b.csv:2" in project.reason("raw.in", "id"), "what is still true is still said"
    first.unlink()
    project.crawl("in")
    assert project.types("raw.in")["id"] == "string"
    assert project.reason("raw.in", "id") == "in/c.csv has string, other files bigint"


def test_a_policy_that_keeps_the_wide_type_still_knows_what_the_files_hold(project: Project) -> None:
    project.write("in/a.csv", "id,x\n1,2\n")
    bad = project.write("in/b.csv", "id,x\nn/a,2\n7,3\n")
    project.crawl("in")
    bad.unlink()
    project.crawl("in", update_behavior=UpdateBehavior.LOG)
    assert project.types("raw.in")["id"] == "string"
    project.write("in/c.csv", "id,x\n3,2\n")
    project.crawl("in")
    assert project.types("raw.in")["id"] == "bigint"


def test_a_type_that_was_said_is_believed_again_when_the_file_that_contradicts_it_is_gone(project: Project) -> None:
    target = FolderTarget(path="in", classifier=Classifier(types=(("price", "decimal(10,2)"),)))
    project.write("in/a.csv", "id,price\n1,2.50\n")
    bad = project.write("in/b.csv", "id,price\n2,free\n")
    project.crawl(target)
    assert project.types("raw.in")["price"] == "string"
    bad.unlink()
    assert project.crawl(target).files_read == 0
    assert project.types("raw.in")["price"] == "decimal(10,2)"


def test_dates_that_are_ambiguous_become_dates_when_a_later_file_settles_them(project: Project) -> None:
    project.write("in/a.csv", "id,day\n1,03/04/2025\n")
    project.crawl("in")
    assert project.types("raw.in")["day"] == "string"
    assert project.crawl("in").files_read == 0
    project.write("in/b.csv", "id,day\n2,13/04/2025\n")
    assert project.crawl("in").files_read == 2
    assert project.types("raw.in")["day"] == "date"


@pytest.mark.parametrize("seed", range(4))
def test_crawls_of_what_changed_find_the_types_that_a_crawl_of_everything_finds(project: Project, seed: int) -> None:
    rng = random.Random(seed)
    settings = {"table_grouping": TableGrouping.COMBINE_COMPATIBLE_SCHEMAS}
    names = [f"in/{ending}/{number}.{ending}" for number in range(4) for ending in ("csv", "jsonl")]
    for ending in ("csv", "jsonl"):
        (project.folder / "in" / ending).mkdir(parents=True)
    for step in range(10):
        for name in rng.sample(names, rng.randint(1, 3)):
            file = project.folder / name
            if file.exists() and rng.random() < 0.4:
                file.unlink()
            else:
                kinds = rng.sample(VALUES, 2)
                rows = [(number, rng.choice(kinds), rng.choice(VALUES[:3])) for number in range(rng.randint(2, 4))]
                project.write(name, _text(name, rows), age_s=1000 - step)
        if not any((project.folder / name).exists() for name in names):
            continue
        project.crawl("in/csv", "in/jsonl", **settings)
        project.crawl("in/csv", "in/jsonl", name="whole", table_prefix="whole_", recrawl=EVERYTHING, **settings)
        for entry in project.catalog.tables():
            if not entry.is_deprecated and not entry.table.name.startswith("whole_"):
                assert project.types(entry.full_name) == project.types(f"raw.whole_{entry.table.name}"), step
                project.rows(entry.full_name)


def _text(name: str, rows: list[tuple[int, str, str]]) -> str:
    if name.endswith(".csv"):
        return "id,a,b\n" + "".join(f"{number},{a},{b}\n" for number, a, b in rows)
    return "".join(json.dumps({"id": number, "a": _value(a), "b": _value(b)}) + "\n" for number, a, b in rows)


def _value(text: str) -> object:
    match text:
        case "true":
            return True
        case "1" | "22":
            return int(text)
        case "2.5":
            return 2.5
        case "":
            return None
        case _:
            return text
