"""How big the oracles run: full by `make acceptance`, about one twentieth by `make test`."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    households: int
    months: int
    kills_per_process: int
    hits_per_failpoint: int
    full: bool = False


def size() -> Size:
    full = os.environ.get("BUS_TEST_SIZE") == "full"
    # Two months hold a monthly file after another, which is what entries are computed from; days cost more than people.
    return Size(3000, 3, 5, 3, full=True) if full else Size(225, 2, 5, 3)
