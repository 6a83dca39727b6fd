"""``IdentificationFlux`` and ``TransmissionFlux``: what a bénéficiaire file says of itself, and announces."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from producers.journal.observation import FluxRejected, Motif
from producers.journal.origin import Said

DAILY: Final = "I"
MONTHLY: Final = "M"
RELOAD: Final = "R"
_FIELDS: Final = ("APPLIEME", "TYPEFLUX", "NATFLUX", "DTCREAFLUX", "HEUCREAFLUX", "DTREF")


@dataclass(frozen=True, slots=True)
class VrsbHeader:
    """``IdentificationFlux``; ``at`` is DTCREAFLUX and HEUCREAFLUX as written: naive, in the emitter's zone."""

    applieme: str
    natflux: str
    typeflux: str
    dtref: date
    dtcreaflux: date
    heucreaflux: str
    at: datetime

    @property
    def said(self) -> Said:
        """What the journal keeps of it and the report shows."""
        return {
            "natflux": self.natflux,
            "typeflux": self.typeflux,
            "dtref": self.dtref.isoformat(),
            "dtcreaflux": self.dtcreaflux.isoformat(),
            "heucreaflux": self.heucreaflux,
        }

    @property
    def day(self) -> date:
        """DTCREAFLUX."""
        return self.dtcreaflux


def read_header(texts: Mapping[str, str]) -> VrsbHeader:
    """Read the fields of ``IdentificationFlux``.

    Raises:
        FluxRejected: ``schema``: a field is missing or unreadable, or the flux is of another nature.
    """
    missing = [name for name in _FIELDS if not texts.get(name)]
    if missing and missing != ["DTREF"]:
        raise FluxRejected(Motif.SCHEMA, f"l’en-tête n’a pas de {missing[0]}")
    if texts["NATFLUX"] != "D" or texts["TYPEFLUX"] not in (DAILY, MONTHLY, RELOAD):
        raise FluxRejected(Motif.SCHEMA, "cette nature ou ce type de flux n’est pas lu par cette version")
    try:
        created = date.fromisoformat(texts["DTCREAFLUX"])
        at = datetime.combine(created, _time(texts["HEUCREAFLUX"]))
        dtref = date.fromisoformat(texts["DTREF"]) if texts.get("DTREF") else created
    except ValueError as error:
        raise FluxRejected(Motif.SCHEMA, "une date ou l’heure de l’en-tête n’est pas lisible") from error
    return VrsbHeader(texts["APPLIEME"], texts["NATFLUX"], texts["TYPEFLUX"], dtref, created, texts["HEUCREAFLUX"], at)


def _time(text: str) -> time:
    """Read ``01:18:36.0000``: four decimals, no zone."""
    clock, _, decimals = text.partition(".")
    hour, minute, second = (int(part) for part in clock.split(":"))
    return time(hour, minute, second, int(decimals[:6].ljust(6, "0") or 0))


def read_counters(texts: Mapping[str, str]) -> tuple[int, int]:
    """Read the counters of ``TransmissionFlux``: records, and records with an anomaly.

    Raises:
        FluxRejected: ``schema``.
    """
    try:
        return int(texts["NBTOTDOSRSATRANSM"]), int(texts["NBTOTDOSRSATRANSMANO"])
    except (KeyError, ValueError) as error:
        raise FluxRejected(Motif.SCHEMA, "les compteurs de TransmissionFlux ne sont pas lisibles") from error


def check_counters(announced: tuple[int, int], seen: tuple[int, int]) -> None:
    """Compare the trailer's counters (records, records with an anomaly) with what was read.

    Raises:
        FluxRejected: ``compteur``.
    """
    for expected, found, name in zip(announced, seen, ("dossier", "dossier en anomalie"), strict=True):
        if expected != found:
            were = f"{found} ont été lus" if found > 1 else f"{found} a été lu"
            first, _, rest = name.partition(" ")
            plural = f"{first}{'s' if expected > 1 else ''}{' ' + rest if rest else ''}"
            raise FluxRejected(Motif.COMPTEUR, f"le trailer annonce {expected} {plural}, {were}", expected - found)
