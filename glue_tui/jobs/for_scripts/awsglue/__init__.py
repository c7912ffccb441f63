"""The part of Glue's library that scripts can use here: `utils` all of them, the rest those of Spark.

What of it is not here is refused with what to write instead.
"""
