"""The words invented people are made of: surnames that no French surname resembles, first names, streets."""

from typing import Final

SYLLABLES: Final = tuple(first + second for first in "BCDFGHJKLMNPRTVX" for second in "AEIO")
# A surname is ZZ, a mark, and four syllables that number the person: unique, and a scan for ZZ has no false hit.
MARKS: Final = ("", "", "", "", "", "", "É", "’", "Ç", "œ")
LONG_TAIL: Final = "-DE-LA-TRÈS-LONGUE-FORÊT-D’ŒUVRE"
NAME_LENGTH: Final = 28

WOMEN: Final = (
    "AGATHE", "AÏCHA", "ANNE-LAURE", "BÉRÉNICE", "CÉLESTE", "CHLOÉ", "DÉSIRÉE", "ÉLODIE", "EMMA", "FANNY", "FRANÇOISE",
    "GAËLLE",
    "HÉLÈNE", "INÈS", "JOSÉPHINE", "KARIMA", "LÉA", "LUCIE", "MAÏWENN", "MARIE-ÈVE", "NADIA", "NOÉMIE", "OCÉANE",
    "PÉNÉLOPE", "ROSE", "SOLÈNE", "THÉA", "YAËL", "ZOÉ", "MARIE-FRANÇOISE", "JEANNE", "OLGA", "PAULE",
)  # fmt: skip
MEN: Final = (
    "ADRIEN",
    "AIMÉ", "ANDRÉ", "BENOÎT", "CÉDRIC", "CLÉMENT", "DIDIER", "ÉLIE", "ÉTIENNE", "FRANÇOIS", "GAËTAN", "GÉRARD",
    "HERVÉ", "ISMAËL", "JEAN-NOËL", "JÉRÉMIE", "KÉVIN", "LÉON", "LOÏC", "MAËL", "MICKAËL", "NOÉ", "OLIVIER", "PACÔME",
    "RÉMI", "SÉBASTIEN", "THÉO", "URBAIN", "VALÈRE", "YANN", "ZACHARIE", "JEAN-FRANÇOIS", "MOÏSE",
)  # fmt: skip

STREET_KINDS: Final = ("RUE", "RUE", "RUE", "AVENUE", "CHEMIN", "IMPASSE", "PLACE", "ALLÉE")
STREETS: Final = (
    "DES EXEMPLES", "DE L’ÉGLISE INVENTÉE", "DU CŒUR VOLANT", "FRANÇOIS-PERSONNE", "DES NÉFLIERS BLEUS",
    "DU PUITS SANS FOND",
    "DE LA FICTION", "DES TROIS LUNES", "DU MOULIN À PAROLES", "DE L’ŒIL-DE-BŒUF", "DES MÉLÈZES", "DU VIEUX CONTE",
)  # fmt: skip
COMPLEMENTS: Final = ("", "", "", "", "APPT 12", "ESC B 3E ÉTAGE", "BÂTIMENT C", "CHEZ Mme PERSONNE")
PLACES_SAID: Final = ("", "", "", "", "", "LE HAMEAU IMAGINAIRE")
BIRTH_PLACES: Final = ("VILLE-INVENTÉE", "PORT-FICTIF", "CITÉ-SANS-NOM", "ÎLE-QUI-N’EST-PAS")
