"""Types of the contract, written by ``python -m avro_schemas.generate``: change the schemas."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, Literal, NotRequired, TypeAlias, TypedDict

EventType: TypeAlias = Literal[
    "adresse.changee",
    "contact.mis_a_jour",
    "enregistrement.rejete",
    "flux.rejete",
    "flux.traite",
    "identite.doublon_suspecte",
    "rsa.droit.clos",
    "rsa.droit.ouvert",
    "rsa.droit.repris",
    "rsa.droit.suspendu",
    "rsa.droits_devoirs.entree",
    "rsa.droits_devoirs.sortie",
    "rsa.etat.publie",
    "rsa.mutation.entrante",
    "rsa.mutation.sortante",
]

PartKind: TypeAlias = Literal["adresse", "contact", "identite", "matricule", "motifs", "nir"]

EVENT_VERSION: Final[Mapping[str, int]] = MappingProxyType(
    {
        "adresse.changee": 1,
        "contact.mis_a_jour": 1,
        "enregistrement.rejete": 1,
        "flux.rejete": 1,
        "flux.traite": 1,
        "identite.doublon_suspecte": 1,
        "rsa.droit.clos": 1,
        "rsa.droit.ouvert": 1,
        "rsa.droit.repris": 1,
        "rsa.droit.suspendu": 1,
        "rsa.droits_devoirs.entree": 1,
        "rsa.droits_devoirs.sortie": 1,
        "rsa.etat.publie": 1,
        "rsa.mutation.entrante": 1,
        "rsa.mutation.sortante": 1,
    }
)

PART_VERSION: Final[Mapping[str, int]] = MappingProxyType(
    {
        "adresse": 1,
        "contact": 1,
        "identite": 1,
        "matricule": 1,
        "motifs": 1,
        "nir": 1,
    }
)

SorteScellee: TypeAlias = Literal[
    "INCONNU",
    "identite",
    "nir",
    "matricule",
    "adresse",
    "contact",
    "motifs",
]
"""Ce que contient une partie scellée ; schéma scelle.<sorte>."""

CanalContact: TypeAlias = Literal["INCONNU", "telephone", "courriel"]
"""Moyen de joindre une personne."""

TypeTelephone: TypeAlias = Literal["INCONNU", "mobile", "fixe", "inconnu"]
"""Nature d’un numéro, d’après son préfixe ; inconnu = ni mobile ni fixe reconnu."""

Consentement: TypeAlias = Literal["INCONNU", "accorde", "refuse", "inconnu"]
"""Accord de la personne pour être jointe par ce canal ; inconnu = la source ne le dit pas."""

RsaDroitNiveau: TypeAlias = Literal["INCONNU", "droit", "versement"]
"""Ce qui est suspendu."""

RsaDroitsDevoirsPopulation: TypeAlias = Literal["INCONNU", "flux", "mutation"]
"""D’où vient l’entrant : nouveau (flux) ou d’un autre territoire (mutation)."""

ModeObligation: TypeAlias = Literal["INCONNU", "declare", "calcule"]
"""Comment l’obligation est connue : dite par la source, ou calculée par différence."""

RsaDroitsDevoirsRaison: TypeAlias = Literal[
    "INCONNU",
    "droit_clos",
    "droit_suspendu",
    "obligation_levee",
    "absent_du_mensuel",
    "personne_retiree",
]
"""Ce qui a mis fin à l’obligation."""

ScelleSexe: TypeAlias = Literal["INCONNU", "F", "M"]
"""Sexe à l’état civil."""


class Territoire(TypedDict):
    """Territoire déclaré par la source, non vérifié ; l’autorité qui route est dans enrichissement."""

    ideparte: NotRequired[str | None]
    commune_insee: NotRequired[str | None]


class Cause(TypedDict):
    """Ce qui a produit l’événement : de quoi le retrouver et le rejouer."""

    flux_id: str
    enregistrement: int
    regle: NotRequired[str | None]


class AdresseChangeeDonnees(TypedDict):
    """Partie claire propre au type adresse.changee."""

    role: str
    ancienne_commune: NotRequired[str | None]
    nouvelle_commune: NotRequired[str | None]
    sans_domicile_fixe: NotRequired[bool | None]


class PartieScellee(TypedDict):
    """Partie chiffrée sous la clé d’une seule personne ; le clair qui l’entoure suffit pour router et choisir."""

    sorte: SorteScellee
    cle_id: str
    version_schema: int
    octets: bytes
    canal: NotRequired[CanalContact | None]
    type: NotRequired[TypeTelephone | None]
    rang: NotRequired[int | None]
    consentement: NotRequired[Consentement | None]
    source: NotRequired[str | None]
    modifie_le: NotRequired[date | None]
    empreinte: NotRequired[bytes | None]


class Situation(TypedDict):
    """Dernière situation connue de la personne."""

    droits_devoirs: NotRequired[bool | None]
    entree_le: NotRequired[date | None]
    contact_connu: bool
    inscription_ft: NotRequired[str | None]
    orientation: NotRequired[str | None]


class Echeances(TypedDict):
    """Dates limites que la loi attache à l’événement."""

    orientation: NotRequired[date | None]


class Enrichissement(TypedDict):
    """Ce que le bus ajoute à l’événement de la source en le routant."""

    autorite: str
    autorite_libelle: str
    commune_libelle: NotRequired[str | None]
    conflit_territoire: bool
    contact: list[PartieScellee]
    identite: NotRequired[PartieScellee | None]
    situation: Situation
    echeances: Echeances
    regle: str


class AdresseChangee(TypedDict):
    """La personne a changé d’adresse ; la nouvelle est scellée."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: AdresseChangeeDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class ContactMisAJourDonnees(TypedDict):
    """Partie claire propre au type contact.mis_a_jour."""

    telephones: int
    courriels: int


class ContactMisAJour(TypedDict):
    """Les contacts qu’une source connaît de la personne ; ils remplacent les précédents de cette source."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: ContactMisAJourDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class EnregistrementRejeteDonnees(TypedDict):
    """Partie claire propre au type enregistrement.rejete."""

    chemin: str
    code: str


class EnregistrementRejete(TypedDict):
    """Un enregistrement a été écarté d’un flux accepté."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: EnregistrementRejeteDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class FluxRejeteDonnees(TypedDict):
    """Partie claire propre au type flux.rejete."""

    emetteur: str
    autorite: NotRequired[str | None]
    natflux: NotRequired[str | None]
    typeflux: NotRequired[str | None]
    dtref: NotRequired[str | None]
    dtcreaflux: NotRequired[str | None]
    heucreaflux: NotRequired[str | None]
    motif: str
    detail: NotRequired[str | None]


class FluxRejete(TypedDict):
    """Un flux a été refusé en entier ; aucun événement de personne n’en sort."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: FluxRejeteDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class FluxTraiteDonnees(TypedDict):
    """Partie claire propre au type flux.traite."""

    emetteur: str
    autorite: NotRequired[str | None]
    natflux: NotRequired[str | None]
    typeflux: NotRequired[str | None]
    dtref: NotRequired[str | None]
    dtcreaflux: NotRequired[str | None]
    heucreaflux: NotRequired[str | None]
    lus: int
    valides: int
    rejets: int
    hors_perimetre: int
    evenements: int
    detail: NotRequired[str | None]


class FluxTraite(TypedDict):
    """Un flux a été accepté et traité en entier."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: FluxTraiteDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class IdentiteDoublonSuspecteDonnees(TypedDict):
    """Partie claire propre au type identite.doublon_suspecte."""

    regle: str


class IdentiteDoublonSuspecte(TypedDict):
    """Deux sujets pourraient être la même personne ; rien n’est fusionné."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: IdentiteDoublonSuspecteDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class RsaDroitClosDonnees(TypedDict):
    """Partie claire propre au type rsa.droit.clos."""

    role: str
    etat: str
    regularisation_anterieure: bool


class RsaDroitClos(TypedDict):
    """Le droit est clos ; les motifs sont scellés."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: RsaDroitClosDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class RsaDroitOuvertDonnees(TypedDict):
    """Partie claire propre au type rsa.droit.ouvert."""

    role: str
    etat: str
    natures: list[str]
    origine: NotRequired[str | None]


class RsaDroitOuvert(TypedDict):
    """Un droit au RSA est ouvert ou rouvert dans le dossier de la personne."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: RsaDroitOuvertDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class RsaDroitReprisDonnees(TypedDict):
    """Partie claire propre au type rsa.droit.repris."""

    role: str
    etat_precedent: str


class RsaDroitRepris(TypedDict):
    """Le droit suspendu est de nouveau servi."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: RsaDroitReprisDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class RsaDroitSuspenduDonnees(TypedDict):
    """Partie claire propre au type rsa.droit.suspendu."""

    role: str
    etat: str
    niveau: RsaDroitNiveau


class RsaDroitSuspendu(TypedDict):
    """Le droit ou son versement est suspendu ; les motifs sont scellés."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: RsaDroitSuspenduDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class RsaDroitsDevoirsEntreeDonnees(TypedDict):
    """Partie claire propre au type rsa.droits_devoirs.entree."""

    population: RsaDroitsDevoirsPopulation
    mode: ModeObligation
    regle: str
    role: str
    observe_entrant: NotRequired[bool | None]
    faits: list[str]
    degrade: bool


class RsaDroitsDevoirsEntree(TypedDict):
    """La personne entre dans le périmètre « droits et devoirs » de l’autorité : elle est à orienter."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: RsaDroitsDevoirsEntreeDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class RsaDroitsDevoirsSortieDonnees(TypedDict):
    """Partie claire propre au type rsa.droits_devoirs.sortie."""

    raison: RsaDroitsDevoirsRaison
    mode: ModeObligation
    regle: str
    role: str


class RsaDroitsDevoirsSortie(TypedDict):
    """La personne sort du périmètre « droits et devoirs » de l’autorité."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: RsaDroitsDevoirsSortieDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class RsaEtatPublieDonnees(TypedDict):
    """Partie claire propre au type rsa.etat.publie."""

    role: str
    etat: str
    droits_devoirs: NotRequired[bool | None]
    eligible: bool


class RsaEtatPublie(TypedDict):
    """État connu d’une personne dans un dossier, publié au premier flux et à chaque reprise ; jamais une entrée."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: RsaEtatPublieDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class RsaMutationEntranteDonnees(TypedDict):
    """Partie claire propre au type rsa.mutation.entrante."""

    role: str
    caisse_cedante: NotRequired[str | None]
    autorite_cedante: NotRequired[str | None]


class RsaMutationEntrante(TypedDict):
    """La personne arrive sur le territoire de l’autorité, selon sa nouvelle caisse."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: RsaMutationEntranteDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class RsaMutationSortanteDonnees(TypedDict):
    """Partie claire propre au type rsa.mutation.sortante."""

    role: str
    caisse_prenante: NotRequired[str | None]


class RsaMutationSortante(TypedDict):
    """La personne quitte le territoire de l’autorité, selon sa caisse."""

    id: str
    type: str
    source: str
    emetteur_fait_foi: bool
    date_effet: date
    date_observation: datetime
    date_publication: datetime
    cle_personne: NotRequired[str | None]
    cle_dossier: NotRequired[str | None]
    territoire: Territoire
    cause: Cause
    corrige: NotRequired[str | None]
    annule: NotRequired[str | None]
    portee: list[str]
    donnees: RsaMutationSortanteDonnees
    scelle: list[PartieScellee]
    enrichissement: NotRequired[Enrichissement | None]


class ScelleAdresse(TypedDict):
    """Adresse de résidence."""

    lignes: list[str]
    numero: NotRequired[str | None]
    voie: NotRequired[str | None]
    code_postal: NotRequired[str | None]
    commune_insee: NotRequired[str | None]
    commune: NotRequired[str | None]
    pays: NotRequired[str | None]
    sans_domicile_fixe: NotRequired[bool | None]
    emmenage_le: NotRequired[str | None]


class ScelleContact(TypedDict):
    """Un seul numéro ou une seule adresse électronique."""

    valeur: str


class ScelleIdentite(TypedDict):
    """État civil de la personne."""

    nom: str
    nom_naissance: NotRequired[str | None]
    prenoms: list[str]
    date_naissance: NotRequired[str | None]
    precision_naissance: NotRequired[str | None]
    sexe: ScelleSexe
    commune_naissance: NotRequired[str | None]


class ScelleMatricule(TypedDict):
    """Numéro d’allocataire ; à la MSA il peut être le NIR."""

    matricule: str
    fonorg: str
    numorg: str


class ScelleMotifs(TypedDict):
    """Motifs d’une suspension ou d’une clôture."""

    motifs: list[str]
    groupes: list[str]


class ScelleNir(TypedDict):
    """Numéro de sécurité sociale, pour les seuls destinataires habilités."""

    nir: str
    certifie: NotRequired[bool | None]
