"""The page of the sensitivity classes and of the rights, and which fields of the contract are of each."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import avro_schemas
from avro_schemas.models import EVENT_VERSION
from avro_schemas.rights import NAMED, Right
from consumers.subscriptions.profiles import CASELOAD_ONLY, FIELDS, LEAVES, RIGHTS, Profile
from tools.reference.fields import records
from tools.reference.markdown import Pages, code, codes, page, section, table

CLASSES: Final[Mapping[str, tuple[str, str]]] = {
    "S0": ("Technique, sans personne", "oui"),
    "S1": ("Pseudonyme ou routage", "oui"),
    "S2": ("Identité", "selon les droits"),
    "S3": ("Point de contact", "selon les droits"),
    "S4": ("Situation sociale ou juridique (droit, parcours, sanction)", "selon les droits"),
    "S5": ("Identifiant réglementé (NIR, NIA, MATRICULE de MSA)", "chiffré, pour un destinataire habilité"),
    "S6": (
        (
            "Article 9 du RGPD ou équivalent (santé, handicap, grossesse, protection, difficultés, nationalité, titre "
            "de séjour)"
        ),
        "oui/non seulement, quand un texte le permet",
    ),
    "S7": ("Financier, bancaire, contrôle", "jamais"),
}
"""What each class holds, and whether it may travel."""


def pages() -> Pages:
    """Give the page."""
    places = _places()
    rows = ((code(name), what, travels, places[name] or "aucun") for name, (what, travels) in CLASSES.items())
    return {
        "sensibilite.md": page(
            "Classes de sensibilité",
            "Chaque champ du contrat porte une classe ; elle décide de ce qui voyage en clair, scellé, ou pas du tout.",
            table(("classe", "contenu", "voyage", "champs du contrat"), rows),
            section(
                "Ce que le bus en fait",
                "Les champs de classe S4 et plus que le routage ne lit pas sont scellés, comme l’identité, les "
                "contacts et "
                "l’adresse. Aucune valeur de classe S2 ou plus n’entre dans un journal, une métrique, une URL ou "
                "une erreur.",
            ),
            section(
                "Droits",
                "Chaque champ porte aussi le droit qui l’ouvre à un destinataire. "
                f"{code(Right.TOUJOURS)} part avec tout événement livré et n’est permis qu’aux classes S0 et S1 ; "
                f"{code(Right.INTERNE)} ne sort jamais. Un abonnement nomme un profil, ou dans {code('champs')} des "
                "droits, des groupes ou des champs.",
                table(("droit", "champs", *(code(one) for one in _open_profiles())), _rights()),
            ),
        )
    }


def _open_profiles() -> list[Profile]:
    return [one for one in Profile if one not in CASELOAD_ONLY]


def _rights() -> Iterator[tuple[str, ...]]:
    """Give each named right, the fields that it opens, and whose it is."""
    for right in (one for one in Right if one in NAMED):
        names = sorted(name for name, leaves in FIELDS.items() if {LEAVES[leaf] for leaf in leaves} == {right})
        held = ("oui" if right in RIGHTS[profile] else "non" for profile in _open_profiles())
        yield code(right), codes(name for name in names if name != right) or code(right), *held


def _places() -> Counter[str]:
    """Count the fields of each class; the envelope, and groups that several types share, count once."""
    groups = {
        name: one for schema in map(avro_schemas.read, avro_schemas.names()) for name, one in records(schema).items()
    }
    first = next(iter(EVENT_VERSION))
    kept = [record for name, record in groups.items() if name == first or name not in EVENT_VERSION]
    return Counter(one["sensibilite"] for record in kept for one in record["fields"])
