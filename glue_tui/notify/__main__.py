"""`python -m glue_tui.notify`: reads an order from standard input, sends it, writes the result to standard output.

The order is one line. It holds no secret, and nothing of it stands in the arguments, which everybody on the machine can
see. Standard input stays open for as long as the engine lives: with that this process ends, and what it has started.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading

import msgspec

from glue_tui.notify.deliver import deliver
from glue_tui.protocol.deliveries import DeliveryOrder


def main() -> None:
    gc.disable()  # A short life, most of it imports: looking for garbage takes a tenth of it.
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=DeliveryOrder)
    threading.Thread(target=_die_with_engine, daemon=True).start()
    sys.stdout.buffer.write(msgspec.json.encode(deliver(order)))
    sys.stdout.buffer.flush()
    # A thread of a service that hangs would keep the process from ending.
    os._exit(0)


def _die_with_engine() -> None:
    sys.stdin.buffer.read()
    if os.getpgrp() == os.getpid():  # Otherwise somebody tries it by hand, and the group is not ours.
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
