"""The second job: sums of what the first one wrote, into the database."""

import retail_steps as steps


def run(glue):
    glue.write_database(steps.totals(glue.table("clean.sales")), connection="ware", table="daily")
