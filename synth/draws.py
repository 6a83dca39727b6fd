"""Chance that a seed decides: the same names always draw the same numbers, on every machine and Python version."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, TypeVar

_T = TypeVar("_T")
_BITS: Final = 512
_REFILL: Final = 64  # below this the remainder would favour small numbers
_SCALE: Final = 1_000_000


class Draws:
    """An endless stream of numbers named by its parts; cheap enough for one per household."""

    __slots__ = ("_left", "_name", "_pool", "_round")

    def __init__(self, *parts: object) -> None:
        self._name = "|".join(map(str, parts)).encode()
        self._round = 0
        self._left = 0
        self._pool = 0

    def below(self, bound: int) -> int:
        """Draw a whole number in [0, bound[; bound is at most 2**32."""
        if self._left < _REFILL:
            digest = blake2b(self._name, digest_size=64, salt=self._round.to_bytes(8, "little")).digest()
            self._pool = int.from_bytes(digest, "little")
            self._round += 1
            self._left = _BITS
        self._pool, drawn = divmod(self._pool, bound)
        self._left -= bound.bit_length()
        return drawn

    def chance(self, rate: float) -> bool:
        """Draw yes with this probability, to the millionth."""
        return self.below(_SCALE) < rate * _SCALE

    def pick(self, items: Sequence[_T]) -> _T:
        """Draw one item."""
        return items[self.below(len(items))]

    def count(self, mean: float) -> int:
        """Draw one of the two whole numbers around a mean, so that it is right on average."""
        whole = int(mean)
        return whole + self.chance(mean - whole)
