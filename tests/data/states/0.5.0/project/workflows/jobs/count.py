def run(glue):
    rows = glue.table("raw.orders").collect().height
    glue.log.info(f"{rows} rows")
    glue.set_property("rows", rows)
