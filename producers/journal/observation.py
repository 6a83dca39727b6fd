"""Why a file or a record is refused, and what is kept of a bad record."""

from dataclasses import dataclass

from bus.errors import BusError
from bus.reasons import Explained

_AGAIN = "Demandez à l’émetteur de produire et de déposer de nouveau le fichier entier."
_REPAIR = "Signalez le chemin à l’émetteur : le fichier suivant, corrigé, publie ce que celui-ci n’a pas dit."


class Motif(Explained):
    """Why a whole flux is refused (domain/difference-rules.md, "Motifs of refusal")."""

    VIDE = "vide", "Le fichier est vide.", "Déposez le fichier entier : un dépôt interrompu laisse un fichier vide."
    ENCODAGE = "encodage", "L’encodage est inconnu, ou contredit par les octets.", _AGAIN
    XML = "xml", "Le XML est mal formé ou tronqué.", "Vérifiez que la copie est complète, puis déposez-la de nouveau."
    INTERDIT = (
        "interdit",
        "Le fichier contient une DTD ou une entité, ou une nature de flux qui ne circule pas sur le bus.",
        "Ne déposez que les fichiers que ce bus lit ; une DTD n’a rien à y faire, cherchez qui l’a ajoutée.",
    )
    SCHEMA = (
        "schema",
        "La structure n’est pas celle attendue, ou plus de 20 % des enregistrements ne se lisent pas.",
        "Lisez le détail : il nomme ce qui manque. Le fichier est à produire de nouveau par l’émetteur.",
    )
    COMPTEUR = "compteur", "Le bloc final annonce un autre nombre d’enregistrements que ceux lus.", _AGAIN
    TERRITOIRE = (
        "territoire",
        "Aucun enregistrement n’est d’une autorité desservie.",
        "Vérifiez l’émetteur du fichier, puis la liste des autorités servies (BUS_AUTORITES).",
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
class BadRecord:
    """A record put aside: what could still be read of its place, and its bytes, which leave sealed or not at all."""

    rank: int
    chemin: str
    code: Code
    octets: bytes
    numdemrsa: str | None = None
