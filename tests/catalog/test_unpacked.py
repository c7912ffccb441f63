"""Archives and encodings: what comes out, in pieces, and what is said of those that are cut, broken or traps."""

from __future__ import annotations

import bz2
import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from glue_tui.catalog.readers import unpacked as subject
from glue_tui.catalog.readers.unpacked import Damaged, as_utf8_file, compression_of, unpacked, zstd

TEXT = b"id,name\n" + b"".join(b"%d,name %d\n" % (n, n * 7919) for n in range(5000))


def zipped(content: bytes, *names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names or ("a.csv",):
            archive.writestr(name, content)
    return packed.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "bz2": bz2.compress,
    "zip": zipped,
}


def read(path: Path) -> bytes:
    with unpacked(str(path), compression_of(path.read_bytes()[:4])) as file:
        return file.read()


@pytest.mark.parametrize("name", PACKERS)
def test_what_was_packed_comes_out_whatever_the_file_is_called(tmp_path: Path, name: str) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(PACKERS[name](TEXT))
    assert compression_of(path.read_bytes()[:4]) == name
    assert read(path) == TEXT
    with as_utf8_file(str(path), name, "utf8") as plain:
        assert Path(plain).read_bytes() == TEXT
    assert not Path(plain).exists()


@pytest.mark.parametrize("name", PACKERS)
def test_an_archive_that_is_cut_is_not_taken_for_the_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(PACKERS[name](TEXT)[:-2000])
    with pytest.raises(Damaged, match=rf"its {name} compression is (cut off|broken)"):
        read(path)


@pytest.mark.parametrize("name", ["gzip", "bz2", "zip"])
def test_an_archive_with_other_bytes_in_it_is_broken(tmp_path: Path, name: str) -> None:
    packed = bytearray(PACKERS[name](TEXT))
    packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "data.csv"
    path.write_bytes(bytes(packed))
    with pytest.raises(Damaged, match=f"its {name} compression is broken"):
        read(path)


def test_archives_one_behind_the_other_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    for name in ("gzip", "zstd", "bz2"):
        path.write_bytes(PACKERS[name](b"a\n") + PACKERS[name](b"b\n"))
        assert read(path) == b"a\nb\n"


def test_cr_8_a_zip_archive_holds_one_file(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    path.write_bytes(zipped(TEXT, "a.csv", "__MACOSX/._a.csv", ".DS_Store"))
    assert read(path) == TEXT
    path.write_bytes(zipped(TEXT, "a.csv", "b.csv"))
    with pytest.raises(Damaged, match=r"a zip archive of 2 files \(a.csv, b.csv\)"):
        read(path)


@pytest.mark.parametrize("name", ["gzip", "zstd", "bz2", "zip"])
def test_an_archive_that_grows_without_end_is_stopped(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trap"
    path.write_bytes(PACKERS[name](bytes(8_000_000)))
    monkeypatch.setattr(subject, "GROWTH_FREE_BYTES", 1_000_000)
    monkeypatch.setattr(subject, "GROWTH_MAX", 10)
    with unpacked(str(path), name) as file:
        pieces = iter(lambda: len(file.read(100_000)), 0)
        with pytest.raises(Damaged, match="unpack to more than 10 times as much"):
            sum(pieces)


def test_encodings_become_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    text = "id,town\n1,Köln\n" * 300_000
    for encoding in ("latin1", "utf-16", "utf-8-sig", "cp1252"):
        path.write_bytes(gzip.compress(text.encode(encoding), 1))
        with as_utf8_file(str(path), "gzip", encoding) as plain:
            assert Path(plain).read_text(encoding="utf8") == text
    path.write_bytes(b"a\xc3")
    with pytest.raises(UnicodeDecodeError), as_utf8_file(str(path), "", "utf-8-sig"):
        pass
    path.write_bytes(b"plain")
    with as_utf8_file(str(path), "", "utf8") as plain:
        assert plain == str(path)
