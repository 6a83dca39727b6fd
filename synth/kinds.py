"""What can happen to a household, how often, and what each thing makes an authority hear about the right.

The table ``TELLS`` is the truth's own reading of domain/difference-rules.md: it goes from the movement to the events,
where the difference engine goes from two states to the events.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Turn(StrEnum):
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
TELLS: Final[Mapping[Turn, tuple[str, ...]]] = {
    Turn.STOCK: (ETAT,),
    Turn.QUARANTAINE: (ETAT,),
    Turn.ARRIVEE_OUVERTE: (OUVERT,),
    Turn.ARRIVEE_SUSPENDUE: (OUVERT, SUSPENDU),
    Turn.EMMENAGEMENT: (OUVERT, ENTRANTE),
    Turn.DEMENAGEMENT: (CLOS, SORTANTE),
    Turn.OUVERTURE: (OUVERT,),
    Turn.REOUVERTURE: (OUVERT,),
    Turn.SUSPENSION_DROIT: (SUSPENDU,),
    Turn.SUSPENSION_VERSEMENT: (SUSPENDU,),
    Turn.SUSPENSION_BARREE: (SUSPENDU,),
    Turn.BASCULE: (SUSPENDU,),
    Turn.REPRISE: (REPRIS,),
    Turn.CLOTURE: (CLOS,),
    Turn.CLOTURE_TARDIVE: (CLOS,),
    Turn.ADRESSE: (ADRESSE,),
}

# Why somebody bound before is not bound any more.
EXIT_REASONS: Final[Mapping[Turn, str]] = {
    Turn.DEMENAGEMENT: "droit_clos",
    Turn.CLOTURE: "droit_clos",
    Turn.CLOTURE_TARDIVE: "droit_clos",
    Turn.SUSPENSION_BARREE: "droit_suspendu",
    Turn.BASCULE: "droit_suspendu",
    Turn.MOTIF: "droit_suspendu",
    Turn.LEVEE: "obligation_levee",
    Turn.SEPARATION: "personne_retiree",
    Turn.ABSENCE: "absent_du_mensuel",
}

BASELINE: Final = frozenset({Turn.STOCK, Turn.QUARANTAINE})
NEWCOMERS: Final = frozenset(
    {Turn.ARRIVEE_OUVERTE, Turn.ARRIVEE_SUSPENDUE, Turn.ARRIVEE_EN_ATTENTE, Turn.ARRIVEE_CLOSE, Turn.EMMENAGEMENT}
)
# After a move these could make a second entry, whose population the rules do not settle.
NOT_AFTER_A_MOVE: Final = frozenset(
    {Turn.OBLIGATION, Turn.MOTIF, Turn.BASCULE, Turn.SUSPENSION_BARREE, Turn.UNION, Turn.REOUVERTURE, Turn.DEMENAGEMENT}
)

# Per household and month. Invented to exercise every path; no statistical source.
RATES: Final[Mapping[Turn, float]] = {
    Turn.ARRIVEE_OUVERTE: 0.010,
    Turn.ARRIVEE_SUSPENDUE: 0.001,
    Turn.ARRIVEE_EN_ATTENTE: 0.002,
    Turn.ARRIVEE_CLOSE: 0.0005,
    Turn.DEMENAGEMENT: 0.004,
    Turn.OUVERTURE: 0.002,
    Turn.REFUS: 0.0005,
    Turn.REOUVERTURE: 0.002,
    Turn.SUSPENSION_DROIT: 0.003,
    Turn.SUSPENSION_VERSEMENT: 0.008,
    Turn.SUSPENSION_BARREE: 0.005,
    Turn.BASCULE: 0.001,
    Turn.MOTIF: 0.002,
    Turn.REPRISE: 0.008,
    Turn.CLOTURE: 0.012,
    Turn.CLOTURE_TARDIVE: 0.001,
    Turn.REGULARISATION: 0.001,
    Turn.OBLIGATION: 0.006,
    Turn.LEVEE: 0.003,
    Turn.ADRESSE: 0.010,
    Turn.SEPARATION: 0.001,
    Turn.UNION: 0.001,
    Turn.ABSENCE: 0.002,
}
