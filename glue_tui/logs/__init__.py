"""Log files: writing lines with time and level, reading windows of them by offset. Knows no screen and no engine."""
