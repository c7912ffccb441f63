"""`forks.py N AT_ONCE [MODULE]`: N children that do nothing, AT_ONCE at a time, of a process that imported MODULE."""

import gc
import importlib
import os
import sys
import time


def main() -> None:
    children, at_once = int(sys.argv[1]), int(sys.argv[2])
    for module in sys.argv[3:]:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    began = time.perf_counter()
    running = 0
    for _ in range(children):
        if running == at_once:
            os.wait()
            running -= 1
        if os.fork() == 0:
            os._exit(0)
        running += 1
    for _ in range(running):
        os.wait()
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main()
