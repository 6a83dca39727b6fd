"""Reading a bénéficiaire file held in memory: all records, the good ones, or why it is refused."""

import pytest

from producers.caisse.observation import BadHousehold, Household
from producers.caisse.vrsb import VrsbReader
from producers.journal.observation import FluxRejected, Motif


def read(octets: bytes, size: int = 256 * 1024) -> list[Household | BadHousehold]:
    return list(VrsbReader(octets[i : i + size] for i in range(0, len(octets), size)))


def households(octets: bytes) -> list[Household]:
    return [one for one in read(octets) if isinstance(one, Household)]


def refusal(octets: bytes) -> Motif:
    with pytest.raises(FluxRejected) as refused:
        read(octets)
    return refused.value.motif
