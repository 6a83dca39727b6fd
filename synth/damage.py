"""Bad copies of good files, each with the verdict that it must get."""

from enum import StrEnum
from pathlib import Path
from typing import Final

from synth.draws import Draws
from synth.flux import TRAILER

_SMALL: Final = 8 << 20  # only files of this size are read whole to be re-encoded
_TRAILER_BYTES: Final = len(TRAILER.format(0, 0).encode())


class Anomaly(StrEnum):
    """One defect that a file may carry: in a copy beside the good file, or (the last two) in an extra record of it."""

    DOUBLON = "doublon"
    TRONQUE = "tronque"
    COMPTEUR = "compteur"
    ENCODAGE = "encodage"
    VIDE = "vide"
    ILLISIBLE = "enregistrement_illisible"
    ANOMALIE = "enregistrement_en_anomalie"


MOTIVES: Final = {
    Anomaly.TRONQUE: "xml",
    Anomaly.COMPTEUR: "compteur",
    Anomaly.ENCODAGE: "encodage",
    Anomaly.VIDE: "vide",
}


_COPIES: Final = (Anomaly.DOUBLON, *MOTIVES)
_MONTHLIES: Final = 8  # times more often: few dailies of a small world have records enough to carry a bad one


class Chance:
    """Draws which files are damaged, each kind in turn: a world of some size has them all, one empty file at most."""

    def __init__(self, seed: int, rate: float) -> None:
        self._draws = Draws(seed, "anomalies")
        self._rate = rate
        self._kinds = list(_COPIES)
        self._next = self._draws.below(len(self._kinds))
        self._records = 0

    def record(self, *, monthly: bool) -> Anomaly | None:
        """Give the defect of an extra record for the next bénéficiaire file, mostly none."""
        if not self._draws.chance(min(1.0, self._rate * (_MONTHLIES if monthly else 1))):
            return None
        self._records += 1
        return Anomaly.ILLISIBLE if self._records % 2 else Anomaly.ANOMALIE

    def beneficiaire(self) -> Anomaly | None:
        """Give the bad copy that goes with the next bénéficiaire file, mostly none."""
        if not self._draws.chance(self._rate):
            return None
        self._next = (self._next + 1) % len(self._kinds)
        kind = self._kinds[self._next]
        if kind is Anomaly.VIDE:
            self._kinds.remove(kind)  # the same bytes twice would be a duplicate
        return kind

    def missed(self, kind: Anomaly) -> None:
        """Keep a defect that the file could not carry for another one."""
        if kind in _COPIES:
            self._next = (self._next - 1) % len(self._kinds)
        else:
            self._records -= 1

    def contact(self) -> Anomaly | None:
        """Give the defect of the next contact file: a duplicate, or none."""
        return Anomaly.DOUBLON if self._draws.chance(self._rate) else None

    def rows(self, count: int) -> int:
        """Give how many rows that name nobody a contact file of so many rows gets."""
        return 0 if self._rate <= 0 or not count else 1 + self._draws.count(self._rate * count / 5)


def damage(good: Path, bad: Path, kind: Anomaly, *, records: int) -> bool:
    """Write the bad copy of a file; False when this file cannot carry that defect."""
    match kind:
        case Anomaly.TRONQUE:
            return bool(records) and _truncate(good, bad)
        case Anomaly.COMPTEUR:
            return _miscount(good, bad, records)
        case Anomaly.ENCODAGE:
            return _misdeclare(good, bad)
        case Anomaly.VIDE:
            bad.write_bytes(b"")
            return True
        case _:
            return _copy(good, bad, good.stat().st_size)


def _copy(good: Path, bad: Path, size: int) -> bool:
    with good.open("rb") as source, bad.open("wb") as target:
        while size > 0 and (block := source.read(min(size, 1 << 20))):
            target.write(block)
            size -= len(block)
    return True


def _truncate(good: Path, bad: Path) -> bool:
    """Cut in the middle of a Personne, some way through the file, never inside a character."""
    with good.open("rb") as source:
        source.seek(good.stat().st_size // 3)
        block = source.read(1 << 16)
        place = block.find(b"<PRENOM>")
        cut = source.tell() - len(block) + place + 4
    return place >= 0 and _copy(good, bad, cut)


def _miscount(good: Path, bad: Path, records: int) -> bool:
    _copy(good, bad, good.stat().st_size - _TRAILER_BYTES)
    with bad.open("ab") as target:
        target.write(TRAILER.format(records + 1, 0).encode())
    return True


def _misdeclare(good: Path, bad: Path) -> bool:
    """Declare UTF-8 over bytes that are not: what re-saving by hand does."""
    if good.stat().st_size > _SMALL:
        return False
    head, _, body = good.read_bytes().partition(b"\n")
    name = head.split(b'encoding="')[1].split(b'"')[0].decode()
    text = body.decode("cp1252" if name == "windows-1252" else name)
    encoded = text.encode("cp1252", "xmlcharrefreplace")
    if encoded.isascii():
        return False
    bad.write_bytes(b'<?xml version="1.0" encoding="UTF-8"?>\n' + encoded)
    return True
