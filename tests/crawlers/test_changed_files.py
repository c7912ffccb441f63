"""Files that were written anew since their crawl: read as long as their header is the one that the catalog knows."""

from __future__ import annotations

import gzip

import pytest
from crawl_project import Project

from glue_tui.core.model import Classifier, FolderTarget
from glue_tui.core.problem import InvalidInput


@pytest.mark.parametrize("path", ["deals/a.csv", "deals/day=1/a.csv"])
@pytest.mark.parametrize("after", ["sold,bought\n100,1\n200,2\n", "bought\n1\n", "1,100\n2,200\n", ""])
def test_a_csv_whose_columns_changed_places_is_refused_until_the_next_crawl(
    project: Project, path: str, after: str
) -> None:
    project.write(path, "bought,sold\n1,100\n2,200\n")
    project.crawl("deals")
    project.write(path, after, age_s=30)
    with pytest.raises(InvalidInput, match=r"deals: .*a\.csv has changed since .* its header is another") as raised:
        project.scan("raw.deals").collect()
    assert raised.value.hint.startswith("`glue-tui crawl landing` brings the catalog up to date")


def test_after_the_crawl_columns_are_read_in_their_new_places(project: Project) -> None:
    project.write("deals/a.csv", "bought,sold\n1,100\n2,200\n")
    project.crawl("deals")
    project.write("deals/a.csv", "sold,bought\n100,1\n200,2\n", age_s=30)
    project.crawl("deals")
    assert project.scan("raw.deals").select("bought", "sold").collect().rows() == [(1, 100), (2, 200)]


@pytest.mark.parametrize(
    ("before", "header", "classifier"),
    [
        ("made by us\n\n a b , c \n1, x\n", " a b , c ", Classifier()),
        ("a;a;;d;\n1;2;3;4;\n", "a;a;;d;", Classifier()),
        ("a,b\n1,x\n", "a,b", Classifier(columns=("first", "second"))),
        ("#id,day\n1,2024-01-01\n", "#id,day", Classifier()),
        ("sep=;\na;b\n1;x\n", "a;b", Classifier()),
        ("1,2\n3,4\n", "", Classifier(header=False)),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_csv_that_grew_below_the_same_header_is_read_with_its_new_rows(
    project: Project, before: str, header: str, classifier: Classifier, zipped: bool
) -> None:
    name = "in/a.csv.gz" if zipped else "in/a.csv"
    project.write(name, before, zipped=zipped)
    assert project.crawl(FolderTarget(path="in", classifier=classifier)).problems == ()
    rows = project.scan("raw.in").collect().height
    grown = before + before.splitlines(keepends=True)[-1]
    assert header in grown
    project.write(name, gzip.compress(grown.encode()) if zipped else grown, age_s=30)
    assert project.scan("raw.in").collect().height == rows + 1
