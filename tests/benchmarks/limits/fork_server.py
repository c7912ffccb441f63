"""`fork_server.py N [MODULE]`: N processes one after the other by the standard library's fork server."""

import multiprocessing
import sys
import time


def nothing() -> None:
    pass


def main() -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(sys.argv[2:])
    one_process(context)
    began = time.perf_counter()
    for _ in range(int(sys.argv[1])):
        one_process(context)
    print(time.perf_counter() - began)


def one_process(context: multiprocessing.context.ForkServerContext) -> None:
    process = context.Process(target=nothing)
    process.start()
    process.join()


if __name__ == "__main__":
    main()
