"""glue-tui: AWS Glue Workflows on your own machine, in your terminal.

For Python and notebooks there is one function, `open_catalog`: the tables of a project as polars LazyFrames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

    from glue_tui.catalog.project_catalog import ProjectCatalog

__version__ = "0.5.0"

__all__ = ["__version__", "open_catalog"]


def open_catalog(project: str | os.PathLike[str] | None = None) -> ProjectCatalog:
    """Open the data catalog of a project to read: its tables as polars LazyFrames, and SQL over all of them.

    `project` is the project's folder, or any below it; by default the working directory. No engine is needed or
    started, and nothing is written. What crawlers and jobs change meanwhile is seen with the next call.

    Raises EntityNotFound (`glue_tui.core.problem`) where there is no project.

    >>> catalog = glue_tui.open_catalog()                               # doctest: +SKIP
    >>> catalog["raw.sales"].filter(pl.col("quantity") > 0).collect()   # doctest: +SKIP
    """
    from glue_tui.catalog.project_catalog import find_catalog

    return find_catalog(project)
