"""The data catalog: databases, tables, versions, files; a table as a polars LazyFrame. It starts nothing."""
