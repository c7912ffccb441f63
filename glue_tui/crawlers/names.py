"""What the name of a file says of its content."""

from __future__ import annotations

DATA_EXTENSIONS = frozenset({"csv", "tsv", "psv", "txt", "dat", "data", "json", "jsonl", "ndjson", "parquet", "pq"})
PARQUET_EXTENSIONS = frozenset({"parquet", "pq"})
DOCUMENT_EXTENSIONS = frozenset(
    {"md", "rst", "html", "htm", "pdf", "py", "sql", "sh", "toml", "yaml", "yml", "png", "jpg", "log", "crc", "tmp"}
)


def extension_of(name: str) -> str:
    """Return what follows the last dot of a file's name, in lower case."""
    return name.rpartition(".")[2].lower()
