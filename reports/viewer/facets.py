"""Which rows of a finished run have which value, counted without the database.

A set of rows is a Python integer: bit p stands for the row at position p of the run. Intersecting two sets of
100,000 rows takes a few microseconds, and `int.bit_count` says how many are left.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress
from typing import TypeVar

Bits = int
Positions = Mapping[str, Sequence[int]]  # value -> rows that have it, each once

# A facet with more than so many bytes of sets makes a set when it is asked for: customers, say.
_MOST_BYTES = 8_000_000
_DIGITS_TO_FLAGS = bytes.maketrans(b"01", b"\x00\x01")
_FLAGS_TO_DIGITS = bytes.maketrans(b"\x00\x01", b"01")


def bits_of(positions: Iterable[int], size: int) -> Bits:
    """The set of these positions, all below `size`."""
    packed = bytearray((size + 7) // 8)
    for position in positions:
        packed[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(packed, "little")


def bits_where(flags: Iterable[bool]) -> Bits:
    """The set of the positions that are true."""
    digits = bytes(flags).translate(_FLAGS_TO_DIGITS)
    return int(digits[::-1], 2) if digits else 0


def flags_of(bits: Bits, size: int) -> bytes:
    """One byte a position, 1 for those in the set: what `itertools.compress` wants."""
    return f"{bits:0{size}b}".encode()[::-1].translate(_DIGITS_TO_FLAGS) if size else b""


class Sums:
    """Whole numbers, one a position, that add up for any set of rows in a fraction of a millisecond.

    Bit i of all numbers is one set: a sum is the number of rows in each of these sets, times 2 to the power of i.
    The last set are the negative numbers, in two's complement.
    """

    def __init__(self, numbers: Sequence[int]) -> None:
        width = max((number.bit_length() for number in numbers), default=0) + 1
        mask = (1 << width) - 1
        digits = "".join(f"{number & mask:0{width}b}" for number in reversed(numbers))
        # The digits of one place, of all numbers: highest place first.
        places = (digits[place::width] for place in range(width - 1, -1, -1))
        self._sets = [int(place, 2) if place else 0 for place in places]

    def of(self, bits: Bits) -> int:
        counts = [(mine & bits).bit_count() << place for place, mine in enumerate(self._sets)]
        return sum(counts[:-1]) - counts[-1]


class Facet:
    """The values of one column and the rows that have them."""

    def __init__(self, positions: Positions, size: int) -> None:
        self._size = size
        self._positions = {value: array("I", found) for value, found in positions.items()}
        self._bits: dict[str, Bits] = {}
        self._codes = array("I")
        if len(self._positions) * (size // 8) <= _MOST_BYTES:
            self._bits = {value: bits_of(found, size) for value, found in self._positions.items()}
        else:
            self._number_values()

    def _number_values(self) -> None:
        """Many values are counted in one walk: the numbers of the values of each row, and how many it has."""
        of_rows: list[list[int]] = [[] for _row in range(self._size)]
        for code, found in enumerate(self._positions.values()):
            for position in found:
                of_rows[position].append(code)
        self._codes = array("I", chain.from_iterable(of_rows))
        self._rows = array("I", (row for row, codes in enumerate(of_rows) for _code in codes))

    @property
    def values(self) -> Iterable[str]:
        return self._positions.keys()

    def bits(self, value: str) -> Bits:
        """The rows with this value; none for a value that the run does not have."""
        if (known := self._bits.get(value)) is not None:
            return known
        return bits_of(self._positions.get(value, ()), self._size)

    def any_of(self, values: Iterable[str]) -> Bits:
        """The rows with at least one of these values."""
        found = 0
        for value in values:
            found |= self.bits(value)
        return found

    def counts(self, bits: Bits) -> dict[str, int]:
        """How many rows of the set have each value; values that none of them has are left out."""
        if self._bits:
            counted = ((value, (mine & bits).bit_count()) for value, mine in self._bits.items())
            return {value: count for value, count in counted if count}
        flags: Iterable[int] = flags_of(bits, self._size)
        if len(self._codes) != self._size:  # some rows have several values
            flags = map(flags_of(bits, self._size).__getitem__, self._rows)
        values = list(self._positions)
        return {values[code]: count for code, count in Counter(compress(self._codes, flags)).items()}

    def rows(self, flags: bytes) -> Iterator[tuple[str, list[int]]]:
        """Each value with the positions among `flags` that have it; a value without any is left out."""
        for value, positions in self._positions.items():
            if found := [position for position in positions if flags[position]]:
                yield value, found


Value = TypeVar("Value", bound=Hashable)


def by_value(column: Iterable[Value]) -> dict[Value, list[int]]:
    """The positions of each value of a column."""
    positions: dict[Value, list[int]] = defaultdict(list)
    for position, value in enumerate(column):
        positions[value].append(position)
    return positions


def by_part(column: Iterable[str]) -> dict[str, list[int]]:
    """As `by_value`, for a column of lists "A; B": a row stands under each part, and under "" without any."""
    positions: dict[str, list[int]] = defaultdict(list)
    for text, found in by_value(column).items():
        for part in dict.fromkeys(parts_of(text)) or [""]:
            positions[part].extend(found)
    return positions


def parts_of(text: str) -> list[str]:
    """The parts of "A; B"."""
    return [part for part in text.split("; ") if part]
