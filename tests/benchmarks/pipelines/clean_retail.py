"""The job of glue-tui that does what `retail_by_hand.py` does; `retail_steps.py` lies beside it in the project."""

import retail_steps as steps


def run(glue):
    lines = glue.table("raw.sales")
    glue.write(steps.refused(lines), "clean.rejects", path="out/rejects", format="csv")
    detail = steps.detail(lines, glue.table("raw.products"), glue.table("raw.customers"))
    glue.write(detail, "clean.sales", path="out/sales", partition_by=["sale_date"])
