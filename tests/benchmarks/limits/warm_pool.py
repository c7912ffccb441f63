"""`warm_pool.py N`: N calls one after the other in one process of a pool that has polars imported. No isolation."""

import sys
import time
from concurrent.futures import ProcessPoolExecutor


def nothing() -> None:
    import polars  # noqa: F401


def main() -> None:
    with ProcessPoolExecutor(max_workers=1) as pool:
        pool.submit(nothing).result()
        began = time.perf_counter()
        for _ in range(int(sys.argv[1])):
            pool.submit(nothing).result()
        print(time.perf_counter() - began)


if __name__ == "__main__":
    main()
