"""Which authority answers for a place: by IDEPARTE, by commune where a département holds two, never by postal code."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

from bus.errors import InvalidEvent, Misconfigured
from bus.reasons import Reason

_SHARED: Final = "69"  # the one département with two authorities: the commune decides
_CORSICAN_NUMBERS: Final = {"201": "2A", "202": "2B"}


@dataclass(frozen=True, slots=True)
class Authority:
    """One of the 103 bodies that answer for the RSA."""

    code: str
    label: str
    departements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune code that a file may carry, old codes included, with the département of today's commune."""

    label: str
    departement: str
    metropole: bool


def authority(ideparte: str | None, commune: str | None) -> str:
    """Give the code of the authority in charge.

    Args:
        ideparte: any spelling of IDEPARTE (``052``, ``52``, ``2A``, ``069``).
        commune: INSEE code of the main address, needed for 69 only.

    Raises:
        InvalidEvent: ``territoire_absent``, ``autorite_inconnue``, or ``commune_inconnue`` (69, commune not in it).
    """
    if not ideparte or not ideparte.strip():
        raise InvalidEvent(Reason.TERRITOIRE_ABSENT, "IDEPARTE")
    spelling = ideparte.strip().upper()
    if spelling in ("69", "069"):
        return _lyon(commune)
    found = _spellings().get(spelling)
    if found is None:
        raise InvalidEvent(Reason.AUTORITE_INCONNUE, "IDEPARTE")
    return found


def _lyon(commune: str | None) -> str:
    place = communes().get(commune or "")
    if place is None or place.departement != _SHARED:
        raise InvalidEvent(Reason.COMMUNE_INCONNUE, "NUMCOM")
    return "69M" if place.metropole else "69D"


def departement(ideparte: str) -> str:
    """Give the unpadded département code of an IDEPARTE spelling; an unknown spelling comes back as it is."""
    spelling = ideparte.strip().upper()
    if spelling in _CORSICAN_NUMBERS:
        return _CORSICAN_NUMBERS[spelling]
    short = spelling[1:] if len(spelling) == 3 and spelling.startswith("0") else spelling
    return short if short in _zones() else spelling


def conflict(code: str, commune: str | None) -> bool:
    """Tell whether a commune lies outside the territory of the authority; an absent or unknown commune says nothing."""
    place = communes().get(commune or "")
    return place is not None and place.departement not in authorities()[code].departements


def authority_codes() -> tuple[str, ...]:
    """Give the 103 codes, in order."""
    return tuple(sorted(authorities()))


def served(asked: Sequence[str]) -> tuple[str, ...]:
    """Give the codes of the authorities that a deployment serves, in order; all of them when none is asked for.

    Args:
        asked: authority codes or IDEPARTE spellings (``52``, ``052``, ``69M``).

    Raises:
        Misconfigured: names what is no authority; ``69`` alone names two.
    """
    try:
        return tuple(sorted({authority(code, None) for code in asked})) if asked else authority_codes()
    except InvalidEvent as error:
        known = "exemples : 52, 052, 69M, 69D, 6AE, 20R"
        raise Misconfigured(f"autorité inconnue parmi {', '.join(asked)} ({known})") from error


def label(code: str) -> str:
    """Give the French name of an authority."""
    return authorities()[code].label


def commune_label(code: str | None) -> str | None:
    """Give the name of a commune, None when the code is absent or unknown."""
    place = communes().get(code or "")
    return place.label if place else None


def zone(code: str) -> ZoneInfo:
    """Give the time zone of an authority; Europe/Paris for the undecided ``69``."""
    known = authorities().get(code)
    return ZoneInfo(_zones()[known.departements[0]]) if known else ZoneInfo("Europe/Paris")


def _rows(name: str) -> list[dict[str, str]]:
    with resources.files("bus.data").joinpath(name).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@cache
def authorities() -> Mapping[str, Authority]:
    """Give every authority by its code."""
    return {
        row["code"]: Authority(row["code"], row["nom"], tuple(row["departements"].split("|")))
        for row in _rows("autorites.csv")
    }


@cache
def communes() -> Mapping[str, Commune]:
    """Give every commune code that a file may carry."""
    return {
        row["code_insee"]: Commune(row["nom"], row["departement"], row["rhone_metropole"] == "1")
        for row in _rows("communes.csv")
    }


@cache
def _spellings() -> Mapping[str, str]:
    table = {spelling: row["code"] for row in _rows("autorites.csv") for spelling in row["ideparte"].split("|")}
    return {name: code for name, code in table.items() if name not in ("69", "069")} | {
        code: code for code in authorities()
    }


@cache
def _zones() -> Mapping[str, str]:
    return {row["code"]: row["fuseau_horaire"] for row in _rows("departements.csv")}
