"""The verdict on a flux, from its counts alone (domain/difference-rules.md, "Verdicts")."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bus.reasons import Explained
from producers.journal.flux import Flux, Note, Tally
from producers.journal.observation import FluxRejected, Motif
from producers.journal.origin import Kind
from producers.journal.source import Header

MAX_BAD_SHARE: Final = 0.20
HEADS: Final = ("natflux", "typeflux", "dtref", "dtcreaflux", "heucreaflux")
"""What the contract and the report tell of the head of a file, null where its source has no such thing."""


class Verdict(Explained):
    """The fate of a flux."""

    ACCEPTE = (
        "accepte",
        "Le fichier est traité : ses états et ses événements sont visibles.",
        "Rien ; le détail dit ce qu’il avait de particulier, et combien d’enregistrements sont mis de côté.",
    )
    REJETE = (
        "rejete",
        "Le fichier est refusé en entier : aucun événement de personne n’en sort, seulement un flux.rejete.",
        "Lisez le motif ci-dessous ; le fichier corrigé se dépose comme un nouveau fichier.",
    )
    DOUBLON = (
        "doublon",
        "Ces octets ont déjà été reçus ; le détail rappelle le premier verdict.",
        "Rien : recevoir deux fois le même fichier est sans effet.",
    )


@dataclass(frozen=True, slots=True)
class Report:
    """What is told of one file, under the keys of examples/ingest.json."""

    fichier: str
    flux: str
    source: str
    autorite: str | None
    genre: Mapping[str, str | None]
    verdict: Verdict
    motif: Motif | None
    detail: str | None
    lus: int
    valides: int
    rejets: int
    evenements: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Give the element of ``bus ingest --json``, keys in the documented order."""
        return {
            "fichier": self.fichier,
            "flux": self.flux,
            "source": self.source,
            "autorite": self.autorite,
            "genre": dict(self.genre),
            "verdict": self.verdict.value,
            "motif": self.motif.value if self.motif else None,
            "detail": self.detail,
            "lus": self.lus,
            "valides": self.valides,
            "rejets": self.rejets,
            "evenements": dict(self.evenements),
        }


def genre(header: Header | None) -> dict[str, str | None]:
    """Give what the header of a flux says; the heads of the contract are always there, null where it has none."""
    return {**dict.fromkeys(HEADS), **(header.said if header else {})}


def authority(flux: Flux) -> str | None:
    """Give the authority of a flux; of one that may hold people of several, only when they share it."""
    if not flux.source.one_authority and len(flux.tally.authorities) != 1:
        return None
    return flux.tally.authority


def report_of(flux: Flux, header: Header | None, verdict: Verdict, cause: FluxRejected | None) -> Report:
    """Give the report of a flux that is now decided."""
    tally = flux.tally
    return Report(
        fichier=flux.file_name,
        flux=flux.flux_id,
        source=flux.source.name,
        autorite=authority(flux),
        genre=genre(header),
        verdict=verdict,
        motif=cause.motif if cause else None,
        detail=cause.detail if cause else detail(tally),
        lus=tally.read,
        valides=0 if cause else tally.valid,
        rejets=tally.bad,
        evenements=dict(sorted(tally.events.items())),
    )


def judge(tally: Tally, kind: Kind) -> None:
    """Accept a flux whose file is sound, by its records.

    Raises:
        FluxRejected: ``schema`` (no valid record, or more than 20 % bad), ``territoire``, ``antidate``.
    """
    in_scope = tally.read - tally.out_of_scope
    if tally.read and not in_scope:
        raise FluxRejected(Motif.TERRITOIRE, "aucun enregistrement d’une autorité desservie")
    if tally.bad and (not tally.valid or tally.bad > MAX_BAD_SHARE * in_scope):
        bad = f"{tally.bad} enregistrement{'s' if tally.bad > 1 else ''} sur {in_scope}"
        raise FluxRejected(Motif.SCHEMA, f"{bad} ne se lisent pas")
    if not tally.read and kind.empty is not None:
        raise FluxRejected(Motif.SCHEMA, kind.empty)
    if tally.stale and tally.stale == tally.valid - tally.anomalies:
        raise FluxRejected(Motif.ANTIDATE, "rien de plus récent que ce qui est déjà connu")


def detail(tally: Tally) -> str | None:
    """Say in French what an accepted flux had of particular; None when nothing."""
    notes: dict[Note, int] = {
        **tally.notes,
        Note(10, "{} enregistrement(s) plus anciens que le déjà connu"): tally.stale,
        Note(11, "{} enregistrement(s) hors périmètre"): tally.out_of_scope,
        Note(12, "{} enregistrement(s) en anomalie"): tally.anomalies,
        Note(13, "{} ligne(s) en attente de leur personne"): tally.waiting,
        Note(30, "{} personne(s) effacée(s) écartée(s)"): tally.erased,
        Note(31, "{} élément(s) inconnu(s) laissé(s) de côté"): tally.unknown_elements,
    }
    return " ; ".join(note.sentence.format(count) for note, count in sorted(notes.items()) if count) or None
