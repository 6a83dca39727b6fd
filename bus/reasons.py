"""The stable codes that a partner or an operator meets, each with what it means and what to do.

A code is declared in an enum beside the rule that raises it; docs/reference/erreurs.md is written from these enums. A
code never changes once released: partners compare it.
"""

from enum import StrEnum
from typing import Self


class Explained(StrEnum):
    """A code that explains itself, in French; the member is the code, ``meaning`` and ``action`` are sentences."""

    meaning: str
    action: str

    def __new__(cls, code: str, meaning: str = "", action: str = "") -> Self:
        """Make a member of ``code``; equality, text and JSON are those of the code alone. Members give all three."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        member.action = action
        return member


_SCHEMAS = (
    "Enregistrez le contrat (bus schemas apply), puis rejouez le message ; un producteur étranger est à corriger."
)
_BYTES = (
    "Rejouer n’y change rien : demandez à l’émetteur de corriger et de renvoyer, et gardez le message comme preuve."
)
_PLACE = "Corrigez le territoire à la source : le fichier suivant de la caisse publie alors l’événement juste."


class Reason(Explained):
    """Why an event goes to quarantine: the header ``motif`` on the topic ``quarantaine``, the label ``reason``."""

    CADRE_CONFLUENT = (
        "cadre_confluent",
        "La valeur ne commence pas par le préfixe Confluent (0x00 et quatre octets).",
        _BYTES,
    )
    SCHEMA_INCONNU = "schema_inconnu", "Le schéma annoncé n’est ni dans le registre ni dans le contrat.", _SCHEMAS
    AVRO_ILLISIBLE = "avro_illisible", "Les octets ne se lisent pas sous le schéma qu’ils annoncent.", _BYTES
    HORS_SCHEMA = "hors_schema", "Un champ manque, est de trop, ou n’a pas le type du schéma.", _BYTES
    TYPE_INCONNU = "type_inconnu", "Le champ type nomme un événement que le contrat ne connaît pas.", _SCHEMAS
    IDENTIFIANT_INVALIDE = "identifiant_invalide", "Le champ id n’est pas un UUID.", _BYTES
    CLE_ABSENTE = (
        "cle_absente",
        "L’événement ne dit pas de quelle personne il parle, sur un topic de personnes.",
        _BYTES,
    )
    CLE_DIFFERENTE = (
        "cle_differente",
        "La clé Kafka n’est pas celle de la personne : l’ordre et l’effacement n’y tiendraient pas.",
        _BYTES,
    )
    TERRITOIRE_ABSENT = "territoire_absent", "La source ne dit aucun département (IDEPARTE vide).", _PLACE
    AUTORITE_INCONNUE = "autorite_inconnue", "Aucune autorité ne répond du département déclaré (IDEPARTE).", _PLACE
    COMMUNE_INCONNUE = (
        "commune_inconnue",
        "Dans le Rhône, la commune décide entre 69D et 69M ; elle manque ou n’y est pas.",
        _PLACE,
    )
    SCELLE_ILLISIBLE = (
        "scelle_illisible",
        "Une partie scellée ne s’ouvre pas : autre clé, autre partie, ou octets altérés.",
        "Vérifiez que le rôle a le bon dossier de secrets (kek.<époque>) ; sinon le message est altéré, gardez-le.",
    )
