"""How a right changes: classes of ETATDOSRSA, and the facts of the change from one class to another."""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from producers.caisse.observation import Block, Household
from producers.caisse.states import DossierState, Fact


class RsaRight(StrEnum):
    """Classes of ETATDOSRSA."""

    NONE = "none"
    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"


CLASSES: Final[Mapping[str, RsaRight]] = {
    "0": RsaRight.NONE, "1": RsaRight.NONE, "2": RsaRight.OPEN, "3": RsaRight.SUSPENDED, "4": RsaRight.SUSPENDED,
    "5": RsaRight.CLOSED, "6": RsaRight.CLOSED,
}  # fmt: skip

# A change of the right, still to be addressed to one adult: (subject, role) → fact.
Change = Callable[[str, str], Fact]


def changes(before: DossierState | None, seen: Household, day: date) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Give what happened to the right: (openings, suspensions and resumptions), (closings).

    Args:
        before: None when the dossier was never seen: it comes from no right at all.
        seen: the household.
        day: DTCREAFLUX, the date of what carries none.
    """
    was = CLASSES[before.etat] if before else RsaRight.NONE
    now = CLASSES[seen.etat]
    if now is RsaRight.CLOSED:
        closing = before is not None and was is not RsaRight.CLOSED
        return (), ((_closing(seen, day),) if closing else ())
    return tuple(_openings(was, now, before.etat if before else "0", seen, day)), ()


def _openings(was: RsaRight, now: RsaRight, etat_before: str, seen: Household, day: date) -> list[Change]:
    told: list[Change] = []
    if was in (RsaRight.NONE, RsaRight.CLOSED) and now in (RsaRight.OPEN, RsaRight.SUSPENDED):
        told.append(_opening(seen))
    if now is RsaRight.SUSPENDED and etat_before != seen.etat:
        told.append(_suspension(seen, day))
    if was is RsaRight.SUSPENDED and now is RsaRight.OPEN:
        told.append(_resumption(etat_before, day))
    return told


def _opening(seen: Household) -> Change:
    donnees = {"etat": seen.etat, "natures": list(seen.natures), "origine": seen.origine}
    return lambda subject, role: Fact(subject, "rsa.droit.ouvert", {"role": role, **donnees}, seen.demande)


def _suspension(seen: Household, day: date) -> Change:
    droit = seen.etat == "3"
    own = seen.suspensions_droit if droit else seen.suspensions_versement
    since = min((block.since for block in own), default=day)
    blocks = (*seen.suspensions_droit, *seen.suspensions_versement)
    donnees = {"etat": seen.etat, "niveau": "droit" if droit else "versement"}
    motifs, groupes = _reasons(blocks)
    return lambda subject, role: Fact(
        subject, "rsa.droit.suspendu", {"role": role, **donnees}, since, motifs=motifs, groupes=groupes
    )


def _resumption(etat_before: str, day: date) -> Change:
    donnees = {"etat_precedent": etat_before}
    return lambda subject, role: Fact(subject, "rsa.droit.repris", {"role": role, **donnees}, day)


def _closing(seen: Household, day: date) -> Change:
    donnees = {"etat": seen.etat, "regularisation_anterieure": seen.etat == "6"}
    since = seen.fin.since if seen.fin else day
    motifs, groupes = _reasons((seen.fin,) if seen.fin else ())
    return lambda subject, role: Fact(
        subject, "rsa.droit.clos", {"role": role, **donnees}, since, motifs=motifs, groupes=groupes
    )


def _reasons(blocks: tuple[Block, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give reasons and groups of suspension, each once, in the order of the file."""
    motifs = dict.fromkeys(block.motif for block in blocks)
    groupes = dict.fromkeys(block.groupe for block in blocks if block.groupe)
    return tuple(motifs), tuple(groupes)
