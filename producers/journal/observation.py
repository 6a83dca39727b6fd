"""What a flux says, as values: one household, its adults, one contact row; and why a file or a record is refused."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from bus.errors import BusError
from bus.reasons import Explained


class Source(StrEnum):
    """The sources that this version reads."""

    CNAF = "cnaf"
    CONTACT = "contact"


_AGAIN = "Demandez à la caisse de produire et de déposer de nouveau le fichier entier."
_REPAIR = "Signalez le chemin à la caisse : le fichier suivant, corrigé, publie ce que celui-ci n’a pas dit."


class Motif(Explained):
    """Why a whole flux is refused (domain/difference-rules.md, "Motifs of refusal")."""

    VIDE = "vide", "Le fichier est vide.", "Déposez le fichier entier : un dépôt interrompu laisse un fichier vide."
    ENCODAGE = "encodage", "L’encodage est inconnu, ou contredit par les octets.", _AGAIN
    XML = "xml", "Le XML est mal formé ou tronqué.", "Vérifiez que la copie est complète, puis déposez-la de nouveau."
    INTERDIT = (
        "interdit",
        "Le fichier contient une DTD ou une entité, ou une nature de flux qui ne circule pas sur le bus.",
        "Ne déposez que des flux bénéficiaires ou contact ; une DTD n’a rien à y faire, cherchez qui l’a ajoutée.",
    )
    SCHEMA = (
        "schema",
        "La structure n’est pas celle attendue, ou plus de 20 % des enregistrements ne se lisent pas.",
        "Lisez le détail : il nomme ce qui manque. Le fichier est à produire de nouveau par la caisse.",
    )
    COMPTEUR = "compteur", "Le bloc final annonce un autre nombre d’enregistrements que ceux lus.", _AGAIN
    TERRITOIRE = (
        "territoire",
        "Aucun enregistrement n’est d’une autorité desservie.",
        "Vérifiez la caisse du fichier, puis la liste des autorités servies (BUS_AUTORITES).",
    )
    ANTIDATE = (
        "antidate",
        "Rien n’y est plus récent que ce qui est déjà connu.",
        "Déposez les fichiers dans l’ordre de leur création ; un ancien fichier n’apprend plus rien.",
    )
    TAILLE = "taille", "Le fichier, un bloc ou une ligne dépasse la taille permise.", _AGAIN


class Code(Explained):
    """Why one record is put aside."""

    ABSENT = "absent", "Un élément obligatoire manque ou est vide.", _REPAIR
    VALEUR = "valeur", "Une valeur n’est pas de celles que le format permet.", _REPAIR
    DATE = "date", "Une date ne se lit pas.", _REPAIR
    TAILLE = "taille", "L’enregistrement dépasse la taille permise.", _REPAIR


class FluxRejected(BusError):
    """The flux cannot be accepted.

    Attributes:
        detail: a French sentence without any value of the file.
        ecart: for ``compteur``, what the trailer announces minus what was read.
    """

    def __init__(self, motif: Motif, detail: str, ecart: int = 0) -> None:
        super().__init__(detail)
        self.ecart = ecart
        self.motif = motif
        self.detail = detail


class RecordRejected(BusError):
    """One record cannot be read: its place in the file and a code, never the value."""

    def __init__(self, chemin: str, code: Code) -> None:
        super().__init__(f"{chemin}: {code}")
        self.chemin = chemin
        self.code = code


@dataclass(frozen=True, slots=True)
class Header:
    """``IdentificationFlux``; ``at`` is DTCREAFLUX and HEUCREAFLUX as written: naive, in the emitter's zone."""

    applieme: str
    natflux: str
    typeflux: str
    dtref: date
    dtcreaflux: date
    heucreaflux: str
    at: datetime


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


ADULT_ROLES: Final = frozenset({"DEM", "CJT", "RDO", "AUT"})  # the bus keeps nobody else
CHILD: Final = "ENF"


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
class BadRecord:
    """A record put aside: what could still be read of its place, and its bytes, which leave sealed or not at all."""

    rank: int
    chemin: str
    code: Code
    octets: bytes
    fonorg: str | None = None
    numorg: str | None = None
    ideparte: str | None = None
    commune: str | None = None
    numdemrsa: str | None = None


class Phone(NamedTuple):
    """A number in E.164 and its kind: ``mobile``, ``fixe`` or ``inconnu``."""

    number: str
    kind: str


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One row of the CAF contact file; ``role`` is None when the word is not known, ``numdemrsa`` has 11 characters."""

    rank: int
    nir: str | None
    numdemrsa: str | None
    role: str | None
    phones: tuple[Phone, ...]
    mails: tuple[str, ...]
    unreadable: bool = False  # it says something, and none of it can be read
