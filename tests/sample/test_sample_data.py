"""The sample data: made by its generator and by nothing else, small, and as dirty as it says."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import recompute
from polars.testing import assert_frame_equal

PROJECT = Path(__file__).resolve().parents[2]
SAMPLE = PROJECT / "sample_data"
SIZE_MAX_BYTES = 5_000_000


def generate(folder: Path, hash_seed: str) -> Path:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    subprocess.run(
        [sys.executable, str(SAMPLE / "make_sample_data.py"), str(folder)], check=True, env=environment, timeout=60
    )
    return folder


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def committed_data() -> dict[str, Path]:
    paths = [*(SAMPLE / "landing").rglob("*"), *(SAMPLE / "spare").rglob("*"), SAMPLE / "shop.db"]
    return {path.relative_to(SAMPLE).as_posix(): path for path in paths if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("made"), hash_seed="1")


@pytest.fixture(scope="module")
def lines() -> list[recompute.LandedLine]:
    return recompute.landed_lines(PROJECT)


def test_a_second_run_makes_the_same_bytes(made: Path, tmp_path: Path) -> None:
    assert files_below(generate(tmp_path, hash_seed="2")) == files_below(made)


def test_what_is_committed_is_what_the_generator_makes(made: Path) -> None:
    committed = committed_data()
    assert sorted(committed) == sorted(files_below(made))
    for name, path in committed.items():
        match path.suffix:
            # Their bytes also name the version of the library that wrote them: compare what they say.
            case ".parquet":
                assert_frame_equal(pl.read_parquet(path), pl.read_parquet(made / name))
            case ".db":
                with closing(sqlite3.connect(path)) as ours, closing(sqlite3.connect(made / name)) as theirs:
                    assert list(ours.iterdump()) == list(theirs.iterdump())
            case _:
                assert path.read_bytes() == (made / name).read_bytes(), name


def test_the_data_stays_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < SIZE_MAX_BYTES


def test_there_is_a_file_for_each_of_eight_stores_on_each_of_fourteen_days(lines: list[recompute.LandedLine]) -> None:
    by_file = Counter(line.file for line in lines)
    assert len(by_file) == 8 * 14
    assert min(by_file.values()) > 50


def test_every_reason_to_reject_a_line_but_an_unknown_store_occurs() -> None:
    rejects = recompute.expected_rejects(PROJECT)
    assert set(rejects) == {
        "impossible date",
        "bad quantity",
        "unreadable price",
        "unknown product",
        "unknown customer",
        "duplicate order line",
    }
    assert min(rejects.values()) > 20
    # Below the limit at which clean_sales refuses the night (property max_rejected_percent).
    assert sum(rejects.values()) * 100 < 5 * len(recompute.landed_lines(PROJECT))


def test_orders_come_twice_in_one_file_and_in_two_files(lines: list[recompute.LandedLine]) -> None:
    files_of: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        files_of.setdefault((line.values["order_id"], line.values["line_no"]), []).append(line.file)
    twice = [files for files in files_of.values() if len(files) > 1]
    assert any(len(set(files)) == 1 for files in twice)
    assert any(len(set(files)) == 2 for files in twice)


def test_copies_of_a_line_say_the_same_so_that_it_does_not_matter_which_one_stays(
    lines: list[recompute.LandedLine],
) -> None:
    said: dict[tuple[str, str], tuple[object, ...]] = {}
    for line in lines:
        values = line.values
        words = (
            values["order_time"],
            values["product_id"],
            values["customer_id"],
            values["quantity"],
            values["unit_price"],
        )
        assert said.setdefault((values["order_id"], values["line_no"]), words) == words


def test_prices_are_written_in_three_ways_and_some_not_at_all(lines: list[recompute.LandedLine]) -> None:
    prices = [line.values["unit_price"] for line in lines]
    for pattern in (r"\d+\.\d\d", r"\d+,\d\d", r"€ \d+\.\d\d", r"n/a|see label", r""):
        assert any(re.fullmatch(pattern, price) for price in prices), pattern


def test_there_are_guests_and_negative_quantities(lines: list[recompute.LandedLine]) -> None:
    assert any(not line.values["customer_id"] for line in lines)
    assert any(line.values["quantity"].startswith("-") for line in lines)


def test_one_file_has_another_delimiter_and_one_an_extra_column() -> None:
    headers = Counter(
        file.read_text(encoding="utf-8").split("\n", 1)[0] for file in (SAMPLE / "landing/sales").glob("**/*.csv")
    )
    usual, usual_files = headers.most_common(1)[0]
    assert usual_files == 8 * 14 - 2
    assert headers[usual.replace(",", ";")] == 1
    assert headers[f"{usual},voucher_code"] == 1


def test_the_daily_figures_add_up_to_the_clean_lines() -> None:
    clean = recompute.expected_clean(PROJECT)
    daily = recompute.expected_daily_sales(PROJECT)
    assert sum(revenue for revenue, _ in daily.values()) == sum((line.amount for line in clean), Decimal(0))
    assert sum(count for _, count in daily.values()) == len(clean)
    assert {key[0] for key in daily} == {f"2026-11-{day:02d}" for day in range(1, 15)}


def test_the_spare_delivery_leaves_some_shelves_low_and_none_below_zero() -> None:
    alerts = recompute.expected_stock_alerts(PROJECT, ["sample_data/spare/stock_delivery_0001.csv"], last_stock_count())
    assert len(alerts) >= 3
    assert min(alert.left for alert in alerts) >= 0


def test_some_price_lists_lost_decimal_commas() -> None:
    repaired = [key for key, (_, lost_comma) in recompute.expected_price_list(PROJECT).items() if lost_comma]
    assert repaired
    assert {supplier for _, supplier in repaired} == {"nordlicht"}


def test_the_price_repair_is_one_word_in_one_line_away_from_success() -> None:
    scripts = {path: path.read_text(encoding="utf-8") for path in (PROJECT / "workflows/jobs").glob("*.py")}
    assert {path.name: text.count("unit_pirce") for path, text in scripts.items() if "unit_pirce" in text} == {
        "repair_prices.py": 1
    }


def last_stock_count() -> dict[tuple[str, str], tuple[int, int]]:
    stock = pl.read_parquet(SAMPLE / "landing/stock/*.parquet")
    rows = stock.select("store_id", "product_id", "on_hand", "reorder_level").iter_rows()
    return {(store_id, product_id): (on_hand, reorder_level) for store_id, product_id, on_hand, reorder_level in rows}
