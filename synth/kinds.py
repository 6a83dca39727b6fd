"""What can happen to a household, how often, and what each thing makes an authority hear about the right.

The table ``TELLS`` is the truth's own reading of domain/difference-rules.md: it goes from the movement to the events,
where the difference engine goes from two states to the events.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class LifeTurn(StrEnum):
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
TELLS: Final[Mapping[LifeTurn, tuple[str, ...]]] = {
    LifeTurn.STOCK: (ETAT,),
    LifeTurn.QUARANTAINE: (ETAT,),
    LifeTurn.ARRIVEE_OUVERTE: (OUVERT,),
    LifeTurn.ARRIVEE_SUSPENDUE: (OUVERT, SUSPENDU),
    LifeTurn.EMMENAGEMENT: (OUVERT, ENTRANTE),
    LifeTurn.DEMENAGEMENT: (CLOS, SORTANTE),
    LifeTurn.OUVERTURE: (OUVERT,),
    LifeTurn.REOUVERTURE: (OUVERT,),
    LifeTurn.SUSPENSION_DROIT: (SUSPENDU,),
    LifeTurn.SUSPENSION_VERSEMENT: (SUSPENDU,),
    LifeTurn.SUSPENSION_BARREE: (SUSPENDU,),
    LifeTurn.BASCULE: (SUSPENDU,),
    LifeTurn.REPRISE: (REPRIS,),
    LifeTurn.CLOTURE: (CLOS,),
    LifeTurn.CLOTURE_TARDIVE: (CLOS,),
    LifeTurn.ADRESSE: (ADRESSE,),
}

# Why somebody bound before is not bound any more.
EXIT_REASONS: Final[Mapping[LifeTurn, str]] = {
    LifeTurn.DEMENAGEMENT: "droit_clos",
    LifeTurn.CLOTURE: "droit_clos",
    LifeTurn.CLOTURE_TARDIVE: "droit_clos",
    LifeTurn.SUSPENSION_BARREE: "droit_suspendu",
    LifeTurn.BASCULE: "droit_suspendu",
    LifeTurn.MOTIF: "droit_suspendu",
    LifeTurn.LEVEE: "obligation_levee",
    LifeTurn.SEPARATION: "personne_retiree",
    LifeTurn.ABSENCE: "absent_du_mensuel",
}

BASELINE: Final = frozenset({LifeTurn.STOCK, LifeTurn.QUARANTAINE})
NEWCOMERS: Final = frozenset(
    {
        LifeTurn.ARRIVEE_OUVERTE,
        LifeTurn.ARRIVEE_SUSPENDUE,
        LifeTurn.ARRIVEE_EN_ATTENTE,
        LifeTurn.ARRIVEE_CLOSE,
        LifeTurn.EMMENAGEMENT,
    }
)
# After a move these could make a second entry, whose population the rules do not settle.
NOT_AFTER_A_MOVE: Final = frozenset(
    {
        LifeTurn.OBLIGATION,
        LifeTurn.MOTIF,
        LifeTurn.BASCULE,
        LifeTurn.SUSPENSION_BARREE,
        LifeTurn.UNION,
        LifeTurn.REOUVERTURE,
        LifeTurn.DEMENAGEMENT,
    }
)

# Per household and month. Invented to exercise every path; no statistical source.
RATES: Final[Mapping[LifeTurn, float]] = {
    LifeTurn.ARRIVEE_OUVERTE: 0.010,
    LifeTurn.ARRIVEE_SUSPENDUE: 0.001,
    LifeTurn.ARRIVEE_EN_ATTENTE: 0.002,
    LifeTurn.ARRIVEE_CLOSE: 0.0005,
    LifeTurn.DEMENAGEMENT: 0.004,
    LifeTurn.OUVERTURE: 0.002,
    LifeTurn.REFUS: 0.0005,
    LifeTurn.REOUVERTURE: 0.002,
    LifeTurn.SUSPENSION_DROIT: 0.003,
    LifeTurn.SUSPENSION_VERSEMENT: 0.008,
    LifeTurn.SUSPENSION_BARREE: 0.005,
    LifeTurn.BASCULE: 0.001,
    LifeTurn.MOTIF: 0.002,
    LifeTurn.REPRISE: 0.008,
    LifeTurn.CLOTURE: 0.012,
    LifeTurn.CLOTURE_TARDIVE: 0.001,
    LifeTurn.REGULARISATION: 0.001,
    LifeTurn.OBLIGATION: 0.006,
    LifeTurn.LEVEE: 0.003,
    LifeTurn.ADRESSE: 0.010,
    LifeTurn.SEPARATION: 0.001,
    LifeTurn.UNION: 0.001,
    LifeTurn.ABSENCE: 0.002,
}
