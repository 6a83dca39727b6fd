"""What can happen to a household, how often, and what each thing makes an authority hear about the right.

The table ``TELLS`` is the truth's own reading of domain/difference-rules.md: it goes from the movement to the events,
where the difference engine goes from two states to the events.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """One movement of a life; ``STOCK`` and ``QUARANTAINE`` are the situation found by the first monthly."""

    STOCK = "stock"
    QUARANTAINE = "quarantaine"
    ARRIVEE_OUVERTE = "nouveau_droit_ouvert"
    ARRIVEE_SUSPENDUE = "nouveau_droit_suspendu"
    ARRIVEE_EN_ATTENTE = "nouvelle_demande"
    ARRIVEE_CLOSE = "vu_clos"
    EMMENAGEMENT = "mutation_entrante"
    DEMENAGEMENT = "mutation_sortante"
    OUVERTURE = "droit_ouvert"
    REFUS = "refus"
    REOUVERTURE = "droit_rouvert"
    SUSPENSION_DROIT = "suspension_droit"
    SUSPENSION_VERSEMENT = "suspension_versement"
    SUSPENSION_BARREE = "suspension_versement_barree"
    BASCULE = "suspension_changee"
    MOTIF = "motif_change"
    REPRISE = "droit_repris"
    CLOTURE = "droit_clos"
    CLOTURE_TARDIVE = "droit_clos_mois_anterieur"
    REGULARISATION = "regularisation"
    OBLIGATION = "obligation"
    LEVEE = "obligation_levee"
    ADRESSE = "adresse"
    SEPARATION = "separation"
    UNION = "union"
    ABSENCE = "absence"


OUVERT: Final = "rsa.droit.ouvert"
SUSPENDU: Final = "rsa.droit.suspendu"
REPRIS: Final = "rsa.droit.repris"
CLOS: Final = "rsa.droit.clos"
SORTANTE: Final = "rsa.mutation.sortante"
ENTRANTE: Final = "rsa.mutation.entrante"
ENTREE: Final = "rsa.droits_devoirs.entree"
SORTIE: Final = "rsa.droits_devoirs.sortie"
ETAT: Final = "rsa.etat.publie"
ADRESSE: Final = "adresse.changee"
CONTACT: Final = "contact.mis_a_jour"

# Told to every adult of the dossier; a movement that is not here says nothing but, perhaps, an entry or an exit.
TELLS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.STOCK: (ETAT,),
    Kind.QUARANTAINE: (ETAT,),
    Kind.ARRIVEE_OUVERTE: (OUVERT,),
    Kind.ARRIVEE_SUSPENDUE: (OUVERT, SUSPENDU),
    Kind.EMMENAGEMENT: (OUVERT, ENTRANTE),
    Kind.DEMENAGEMENT: (CLOS, SORTANTE),
    Kind.OUVERTURE: (OUVERT,),
    Kind.REOUVERTURE: (OUVERT,),
    Kind.SUSPENSION_DROIT: (SUSPENDU,),
    Kind.SUSPENSION_VERSEMENT: (SUSPENDU,),
    Kind.SUSPENSION_BARREE: (SUSPENDU,),
    Kind.BASCULE: (SUSPENDU,),
    Kind.REPRISE: (REPRIS,),
    Kind.CLOTURE: (CLOS,),
    Kind.CLOTURE_TARDIVE: (CLOS,),
    Kind.ADRESSE: (ADRESSE,),
}

# Why somebody bound before is not bound any more.
EXIT_REASONS: Final[Mapping[Kind, str]] = {
    Kind.DEMENAGEMENT: "droit_clos",
    Kind.CLOTURE: "droit_clos",
    Kind.CLOTURE_TARDIVE: "droit_clos",
    Kind.SUSPENSION_BARREE: "droit_suspendu",
    Kind.BASCULE: "droit_suspendu",
    Kind.MOTIF: "droit_suspendu",
    Kind.LEVEE: "obligation_levee",
    Kind.SEPARATION: "personne_retiree",
    Kind.ABSENCE: "absent_du_mensuel",
}

BASELINE: Final = frozenset({Kind.STOCK, Kind.QUARANTAINE})
NEWCOMERS: Final = frozenset(
    {Kind.ARRIVEE_OUVERTE, Kind.ARRIVEE_SUSPENDUE, Kind.ARRIVEE_EN_ATTENTE, Kind.ARRIVEE_CLOSE, Kind.EMMENAGEMENT}
)
# After a move these could make a second entry, whose population the rules do not settle.
NOT_AFTER_A_MOVE: Final = frozenset(
    {Kind.OBLIGATION, Kind.MOTIF, Kind.BASCULE, Kind.SUSPENSION_BARREE, Kind.UNION, Kind.REOUVERTURE, Kind.DEMENAGEMENT}
)

# Per household and month. Invented to exercise every path; no statistical source.
RATES: Final[Mapping[Kind, float]] = {
    Kind.ARRIVEE_OUVERTE: 0.010,
    Kind.ARRIVEE_SUSPENDUE: 0.001,
    Kind.ARRIVEE_EN_ATTENTE: 0.002,
    Kind.ARRIVEE_CLOSE: 0.0005,
    Kind.DEMENAGEMENT: 0.004,
    Kind.OUVERTURE: 0.002,
    Kind.REFUS: 0.0005,
    Kind.REOUVERTURE: 0.002,
    Kind.SUSPENSION_DROIT: 0.003,
    Kind.SUSPENSION_VERSEMENT: 0.008,
    Kind.SUSPENSION_BARREE: 0.005,
    Kind.BASCULE: 0.001,
    Kind.MOTIF: 0.002,
    Kind.REPRISE: 0.008,
    Kind.CLOTURE: 0.012,
    Kind.CLOTURE_TARDIVE: 0.001,
    Kind.REGULARISATION: 0.001,
    Kind.OBLIGATION: 0.006,
    Kind.LEVEE: 0.003,
    Kind.ADRESSE: 0.010,
    Kind.SEPARATION: 0.001,
    Kind.UNION: 0.001,
    Kind.ABSENCE: 0.002,
}
