"""What the name of a file says of its content."""

from __future__ import annotations

DATA_EXTENSIONS = frozenset({"csv", "tsv", "psv", "txt", "dat", "data", "json", "jsonl", "ndjson", "parquet", "pq"})
PARQUET_EXTENSIONS = frozenset({"parquet", "pq"})
DOCUMENT_EXTENSIONS = frozenset(
    {"md", "rst", "html", "htm", "pdf", "py", "sql", "sh", "toml", "yaml", "yml", "png", "jpg", "crc", "tmp"}
)
_PACKING_EXTENSIONS = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".zip")


def extension_of(name: str) -> str:
    """Return what follows the last dot of a file's name, in lower case."""
    return name.rpartition(".")[2].lower()


def without_packing(name: str) -> str:
    """Return the lower-case name of a file without what compression adds: `orders.csv` for `Orders.CSV.gz`."""
    lower = name.lower()
    return next((lower.removesuffix(item) for item in _PACKING_EXTENSIONS if lower.endswith(item)), lower)
