"""One thing that a contract may not do: where, what, under which rule, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """The rules, as shown between brackets."""

    LISIBLE = "un schéma Avro"
    DOSSIER = "un dossier par version, de v1 en v1"
    NOM = "le nom du schéma est celui du dossier"
    FORME = "formes que tous nos lecteurs connaissent"
    ALIAS = "aucun alias"
    MOT = "des noms que tout langage accepte"
    SORTE = "une sorte scellée se nomme dans bus.sorte_scellee"
    DOC = "tout est documenté"
    SENSIBILITE = "classe de sensibilité de S0 à S6"
    S6 = "S6 : un booléen, rien d’autre"
    S7 = "S7 ne circule jamais"
    CLAIR = "identité, contact et identifiants voyagent scellés"
    ORIGINE = "origine de chaque champ"
    DROIT = "le droit qui ouvre chaque champ"
    TOUJOURS = "sans droit nommé : S0 et S1 seulement"
    CLE = "des mots que le contrat connaît"
    SENS = "ce qu’un événement dit, et ne dit pas"
    DIT_PAR = "une règle qui le dit"
    INCONNU = "énumération : défaut INCONNU"
    NULL = "champ facultatif : null par défaut"
    ENVELOPPE = "enveloppe fixe"
    ORDRE = "ordre de l’enveloppe"
    DERNIER = "enrichissement dernier et null par défaut"
    EXEMPLE = "deux exemples valides"
    RESPONSABLE = "un responsable par type"
    PARTAGE = "un type partagé, un seul texte"
    PUBLIE = "une version publiée ne change plus"
    RETIRE = "FULL_TRANSITIVE : rien n’est retiré"
    RENOMME = "FULL_TRANSITIVE : rien n’est renommé"
    TYPE = "FULL_TRANSITIVE : aucun type ne change"
    DEFAUT = "FULL_TRANSITIVE : aucun défaut ne change"
    AJOUT = "FULL_TRANSITIVE : un nouveau champ a un défaut"
    SYMBOLE = "FULL_TRANSITIVE : une énumération ne perd aucun symbole"
    CLASSE = "FULL_TRANSITIVE : aucune classe ne baisse"
    SOURCE = "FULL_TRANSITIVE : aucune origine ne change"
    RANG = "FULL_TRANSITIVE : un symbole garde son rang"
    FIGE = "FULL_TRANSITIVE : un record lu à sa place ne change pas"
    APACHE = "FULL_TRANSITIVE"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A refusal; its text is one line, French, without a full stop inside ``fault`` or ``remedy``."""

    place: str
    fault: str
    rule: Rule
    remedy: str

    def __str__(self) -> str:
        """Give the line that the author of the schema reads."""
        return f"{self.place} : {self.fault} ({self.rule}). {self.remedy}."
