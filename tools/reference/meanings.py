"""What the schemas do not say of each type, for a partner who decides what to do: when it comes, what it is not.

The meaning itself is the schema's own ``doc``; a released schema is never edited, so the rest of the wording is here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Meaning:
    """When an event comes, and what nobody may conclude from it."""

    quand: str
    ne_dit_pas: str


_DIFFERENCE: Final = "À la lecture d’un fichier bénéficiaires de la caisse, quand "

MEANINGS: Final[Mapping[str, Meaning]] = {
    "adresse.changee": Meaning(
        _DIFFERENCE + "l’adresse principale d’un adulte n’est plus celle que ce dossier portait ; espaces et casse ne "
        "comptent pas. La date d’effet est celle de l’emménagement quand la caisse la donne.",
        "Un départ du territoire : c’est rsa.mutation.sortante. La première adresse connue d’une personne n’est pas un "
        "changement.",
    ),
    "contact.mis_a_jour": Meaning(
        "Quand le fichier contact de la Caf dit d’une personne autre chose que la fois d’avant. Il remplace tout ce "
        "que "
        "cette source avait dit : sans téléphone ni courriel, la source n’en connaît plus.",
        "Que la personne est à orienter : un contact peut arriver avant l’entrée (il l’attend alors 90 jours) ou "
        "après. "
        "Un contact refusé par la personne ne part jamais.",
    ),
    "enregistrement.rejete": Meaning(
        "Quand un enregistrement d’un fichier accepté ne se lit pas ; ses octets sont gardés scellés, pour être "
        "réparés.",
        "De qui il parle : ni valeur ni identifiant. Il reste dans l’exploitation, aucun abonné ne le reçoit.",
    ),
    "flux.rejete": Meaning(
        "Exactement une fois par fichier refusé en entier, avec son motif (voir erreurs.md).",
        "Rien d’aucune personne. Il reste dans l’exploitation, aucun abonné ne le reçoit.",
    ),
    "flux.traite": Meaning(
        "Exactement une fois par fichier accepté, après tout ce que ce fichier a causé.",
        "Rien d’aucune personne. Il reste dans l’exploitation, aucun abonné ne le reçoit.",
    ),
    "identite.doublon_suspecte": Meaning(
        "Quand le NIR d’une personne dans un dossier mène à quelqu’un d’autre que son état civil ; une fois par "
        "couple.",
        "Que les deux sont la même personne, ni laquelle est la bonne : rien n’est fusionné, un agent tranche.",
    ),
    "rsa.droit.clos": Meaning(
        _DIFFERENCE + "l’état du dossier passe à clos (5 ou 6) ; un événement par adulte du dossier.",
        "Que la personne n’a plus aucun droit ailleurs. La fin de l’obligation est dite par rsa.droits_devoirs.sortie.",
    ),
    "rsa.droit.ouvert": Meaning(
        _DIFFERENCE + "le dossier passe d’aucun droit, ou d’un droit clos, à un droit ouvert ou suspendu. "
        "La date d’effet est celle de la demande : elle peut être bien antérieure.",
        "Que la personne est soumise aux droits et devoirs : c’est rsa.droits_devoirs.entree.",
    ),
    "rsa.droit.repris": Meaning(
        _DIFFERENCE + "un dossier suspendu (3 ou 4) revient à un droit ouvert (2).",
        "Depuis quand : la caisse ne le date pas, la date d’effet est celle du fichier.",
    ),
    "rsa.droit.suspendu": Meaning(
        _DIFFERENCE + "le dossier passe à suspendu (3) ou à versement suspendu (4), ou de l’un à l’autre.",
        "Que l’obligation cesse : pour certains motifs de versement suspendu la personne reste à accompagner. Une "
        "sanction n’est pas dite autrement que par ses motifs, scellés.",
    ),
    "rsa.droits_devoirs.entree": Meaning(
        _DIFFERENCE + "une personne n’était soumise aux droits et devoirs dans aucun dossier de l’autorité et le "
        "devient. C’est l’événement qui fait courir le délai d’orientation (echeances.orientation).",
        "Que la personne est nouvelle au RSA : population dit flux ou mutation. Les personnes déjà là au premier "
        "fichier d’une caisse viennent par rsa.etat.publie, jamais par une entrée.",
    ),
    "rsa.droits_devoirs.sortie": Meaning(
        _DIFFERENCE + "une personne soumise aux droits et devoirs ne l’est plus dans aucun dossier de l’autorité, ou "
        "quand un mensuel ne la liste plus et que la référence a moins de 45 jours.",
        "Pourquoi, au-delà de raison : les motifs viennent avec rsa.droit.clos ou rsa.droit.suspendu. Elle est "
        "toujours "
        "calculée par le bus.",
    ),
    "rsa.etat.publie": Meaning(
        "Au premier fichier d’une caisse, et à chaque reprise complète : une fois par adulte et par dossier.",
        "Que quelque chose vient de se passer : c’est un état de départ, à charger sans alerter personne.",
    ),
    "rsa.mutation.entrante": Meaning(
        _DIFFERENCE + "la caisse nomme l’organisme qui cède le dossier, ou quand la personne était connue d’une autre "
        "autorité. L’entrée qui suit porte alors population = mutation.",
        "Que l’autorité quittée est d’accord, ni l’ancien suivi : seulement d’où vient le dossier quand cela se sait.",
    ),
    "rsa.mutation.sortante": Meaning(
        _DIFFERENCE + "la caisse nomme un organisme prenant d’une autre autorité, ou clôt le dossier pour mutation. "
        "Ensuite, ce dossier ne dit plus rien à l’autorité quittée.",
        "L’adresse nouvelle, ni que la personne est déjà inscrite ailleurs.",
    ),
}
