"""Crawls: list, classify, infer, group into tables and partitions. What changes is returned, nothing is written.

What becomes of a CSV file, in this order:

infer         small files with the same first line are put together; of a large one the head is read
classify      the head says that it is text, and no JSON nor log; encodings: in which encoding
csv_dialect   the head is cut in every way of writing that is possible, and the best is taken: csv_quotes says which
              there are, csv_cut cuts and ranks, csv_comments finds lines that are no rows, csv_spaces tells spaces
              that are not meant, csv_header finds names
csv_together  small files that are surely written as the first of them are read in one go
csv_facts     all others are read in full, some rows at a time; it looks twice at what has blank lines or odd rows
csv_counter   counts the values of each column in each file: csv_sorts those that look plain, csv_counts all others
csv_forms     counts those of columns that may be written in other forms, such as 31.12.2025, in these, too
csv_far       finds the line of the value that is not as the others, when a column's type is explained
"""
