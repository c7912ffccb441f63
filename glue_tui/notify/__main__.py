"""`python -m glue_tui.notify`: reads an order from standard input, sends it, writes the result to standard output.

The order holds no secret, and nothing of it stands in the arguments, which everybody on the machine can see.
"""

from __future__ import annotations

import os
import sys

import msgspec

from glue_tui.notify.deliver import deliver
from glue_tui.protocol.deliveries import DeliveryOrder


def main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=DeliveryOrder)
    result = msgspec.json.encode(deliver(order))
    sys.stdout.buffer.write(result)
    sys.stdout.buffer.flush()
    # A thread of a service that hangs would keep the process from ending.
    os._exit(0)


if __name__ == "__main__":
    main()
