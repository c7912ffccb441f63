"""`interpreters.py N CODE`: N fresh interpreters one after the other, each running CODE."""

import subprocess
import sys
import time


def main() -> None:
    began = time.perf_counter()
    for _ in range(int(sys.argv[1])):
        subprocess.run([sys.executable, "-c", sys.argv[2]], check=True)
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main()
