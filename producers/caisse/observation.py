"""What a bénéficiaire flux says, as values: one household, its adults, its address."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from producers.journal.observation import BadRecord


class Block(NamedTuple):
    """One suspension or closing block: its reason, since when, the group of suspension (NATGROUPFSUS)."""

    motif: str
    since: date
    groupe: str | None


class Move(NamedTuple):
    """The other caisse of a transfer, as ``caf-921``, and the date of departure or arrival."""

    caisse: str
    on: date


@dataclass(frozen=True, slots=True)
class Address:
    """The main address (RGADR 01) as written; ``since`` is DTEMM."""

    lignes: tuple[str, ...]
    numero: str | None
    voie: str | None
    code_postal: str | None
    commune_insee: str | None
    commune: str | None
    pays: str | None
    since: date | None

    def canonical(self) -> str:
        """Give the text that is equal for equal addresses: spacing and case say nothing."""
        parts = (*self.lignes, self.numero, self.voie, self.code_postal, self.commune_insee, self.pays)
        return "\x1f".join(" ".join((part or "").upper().split()) for part in parts)


@dataclass(frozen=True, slots=True)
class Adult:
    """A person with an RSA role other than child; ``nir`` as written, ``obligation`` = TOPPERSDRODEVORSA."""

    role: str
    nom: str
    nom_naissance: str | None
    prenoms: tuple[str, ...]
    date_naissance: str | None
    precision_naissance: str | None
    sexe: str
    commune_naissance: str | None
    nir: str | None
    certifie: bool | None
    obligation: bool | None
    entrant: bool | None


@dataclass(frozen=True, slots=True)
class Household:
    """One ``InfosFoyerRSA`` record of VRSB0801, children and everything about money or health left out."""

    rank: int
    fonorg: str
    numorg: str
    matricule: str
    ideparte: str
    numdemrsa: str
    demande: date
    cedant: Move | None
    prenant: Move | None
    etat: str
    suspensions_droit: tuple[Block, ...]
    suspensions_versement: tuple[Block, ...]
    fin: Block | None
    sans_domicile: bool | None
    natures: tuple[str, ...]
    origine: str | None
    faits: tuple[str, ...]
    address: Address | None
    adults: tuple[Adult, ...]
    anomalies: int
    inconnus: int

    @property
    def commune(self) -> str | None:
        """The INSEE code of the main address."""
        return self.address.commune_insee if self.address else None


@dataclass(frozen=True, slots=True)
class BadHousehold(BadRecord):
    """A record put aside, with what it still tells of its caisse and its place, values as written."""

    fonorg: str | None = None
    numorg: str | None = None
    ideparte: str | None = None
    commune: str | None = None
