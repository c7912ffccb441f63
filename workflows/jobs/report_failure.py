"""Writes a note for the people who own the prices. A plain program that needs nothing but Python."""

import os
import sys
from pathlib import Path

note = Path(sys.argv[1])
note.parent.mkdir(parents=True, exist_ok=True)
note.write_text(
    f"To: {os.environ['PRICE_DESK']}\n"
    f"The prices of {os.environ['GLUE_WORKFLOW_NAME']} were not repaired in run {os.environ['GLUE_RUN_ID']}.\n"
    f"The old price list stays in force. Why: glue-tui logs {os.environ['GLUE_WORKFLOW_NAME']} repair_prices\n",
    encoding="utf-8",
)
print(f"note written: {note}")
