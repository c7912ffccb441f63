"""How the files of each format are read: one module a format. What a table is, they do not know."""
