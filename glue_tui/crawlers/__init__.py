"""Crawls: list, classify, infer, group into tables and partitions. What changes is returned, nothing is written."""
