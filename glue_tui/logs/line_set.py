"""Numbers of chosen lines, in rising order: one bit a line, so that ten million of them take little over a megabyte."""

from __future__ import annotations

from array import array
from bisect import bisect_right

BLOCK_LINES = 512


class LineSet:
    """Rising numbers, reached by their place among themselves."""

    def __init__(self) -> None:
        self._bits: list[int] = []
        self._before = array("Q")
        """How many numbers stand before each block."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, number: int) -> None:
        """Add a number greater than all before."""
        block = number // BLOCK_LINES
        while len(self._bits) <= block:
            self._bits.append(0)
            self._before.append(self._count)
        self._bits[block] |= 1 << number % BLOCK_LINES
        self._count += 1

    def cut(self, number: int) -> None:
        """Drop that number and all greater ones."""
        block = number // BLOCK_LINES
        if block >= len(self._bits):
            return
        del self._bits[block + 1 :], self._before[block + 1 :]
        self._bits[block] &= (1 << number % BLOCK_LINES) - 1
        self._count = self._before[block] + self._bits[block].bit_count()

    def place(self, number: int) -> int:
        """Return how many numbers are smaller than this one."""
        block = number // BLOCK_LINES
        if block >= len(self._bits):
            return self._count
        return self._before[block] + (self._bits[block] & ((1 << number % BLOCK_LINES) - 1)).bit_count()

    def slice(self, start: int, count: int) -> list[int]:
        """Return up to `count` numbers from place `start` on."""
        start = max(0, start)
        end = min(self._count, start + count)
        numbers: list[int] = []
        block = bisect_right(self._before, start) - 1
        while start + len(numbers) < end:
            skipped = max(0, start - self._before[block])
            numbers += _numbers(block * BLOCK_LINES, self._bits[block])[skipped:]
            block += 1
        return numbers[: max(0, end - start)]


def _numbers(first: int, bits: int) -> list[int]:
    numbers: list[int] = []
    while bits:
        lowest = bits & -bits
        numbers.append(first + lowest.bit_length() - 1)
        bits ^= lowest
    return numbers
