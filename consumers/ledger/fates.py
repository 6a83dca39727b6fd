"""Where a delivery may stand, and why it stands there without an answer of its receiver."""

from bus.reasons import Explained

_RELEASE = "Réparez la cause, puis relâchez-la : bus delivery release --abonnement ID."


class Etat(Explained):
    """Where a delivery stands: the column ``etat``."""

    EN_ATTENTE = (
        "en_attente",
        "Elle est due et n’est pas encore arrivée à un terme.",
        "Rien : elle part à son tour ; la colonne prochaine dit quand un échec sera retenté.",
    )
    LIVREE = "livree", "Le récepteur l’a.", "Rien."
    PARQUEE = "parquee", "Plus aucune tentative n’aura lieu d’elle-même ; elle reste due et montrée.", _RELEASE
    RETIREE = (
        "retiree",
        "Le droit de la recevoir n’existe plus ; elle ne partira pas.",
        "Rien ; un nouvel abonnement ne reprend pas ce qu’un ancien n’a plus le droit de recevoir.",
    )


class Why(Explained):
    """Why a delivery stands where it stands: the column ``cause``; the code is the sentence that people read."""

    SANS_DROIT = (
        "l’abonnement en vigueur ne donne pas droit à cet événement",
        "Retirée : ses types, son territoire ou ses dates ne couvrent plus l’événement au moment de partir.",
        "Vérifiez le fichier de l’abonnement ; ce qui est retiré ne revient pas.",
    )
    CLE_DETRUITE = (
        "la personne a été effacée : sa clé n’existe plus",
        "Retirée : une partie scellée ne s’ouvre plus, et ne doit plus s’ouvrir.",
        "Rien.",
    )
    EFFACEE = "la personne a été effacée", "Retirée par un effacement (bus personne effacer).", "Rien."
    TERMINE = (
        "abonnement terminé ou expiré",
        "Retirée : l’abonnement n’est plus en vigueur.",
        "Pour recevoir la suite, appliquez un abonnement dont la fin est à venir.",
    )
    TROP_VIEILLE = (
        "le récepteur est resté absent trop longtemps",
        "Parquée : elle attend depuis plus longtemps que BUS_DELIVER_PATIENCE_DAYS.",
        _RELEASE,
    )
    ILLISIBLE = (
        "événement illisible",
        "Parquée : ses octets ne se lisent pas ; le motif qui suit est un de ceux de la quarantaine.",
        'Rien n’y fera sans un événement juste : lisez le motif ; poison = "sauter" laisse passer les suivants.',
    )
    RELACHEE = (
        "relâchée : elle sera tentée de nouveau",
        "En attente : quelqu’un a relâché ce qui était parqué.",
        "Rien : elle part à son tour.",
    )
