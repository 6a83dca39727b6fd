"""What may be wrong in a subscription file: each fault declared once, with what to write instead."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic_core import PydanticCustomError

from bus.reasons import Explained


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file: where, what, and what to write instead (French)."""

    champ: str
    erreur: str
    remede: str


class Catalogue(Explained):
    """Kinds of faults; ``meaning`` and ``action`` may hold places in braces, filled by ``at``."""

    def at(self, champ: str, **said: object) -> Fault:
        """Give the fault of one field, its places filled."""
        return Fault(champ, self.meaning.format_map(said), self.action.format_map(said))


class Wrong(Catalogue):
    """What may be wrong in any subscription; what is wrong with the keys of one channel, its destination declares."""

    FICHIER = "fichier", "TOML illisible : {erreur}", "corrigez la syntaxe à l’endroit indiqué"
    CHAMP_DE_TROP = "champ_de_trop", "champ inconnu", "retirez-le ; champs possibles : {possibles}"
    ORGANISATION = (
        "organisation",
        "absente ou mal formée",
        "écrivez un nom court : a-z, 0-9 et -, par exemple cd-52",
    )
    LISTE = "liste", "ce n’est pas une liste de tables", "écrivez chaque abonnement sous [[abonnement]]"
    ID_DOUBLE = "id_double", "présent deux fois dans le fichier", "donnez un id à chacun"
    ID_PRIS = (
        "id_pris",
        "déjà pris par une autre organisation",
        "choisissez un id qui commence par le nom de votre organisation",
    )
    ID = "id", "absent ou mal formé", "écrivez un nom stable : a-z, 0-9 et -"
    TEXTE = "texte", "absent", "écrivez une phrase : c’est ce que le journal d’audit montrera"
    TYPES = "types", "absents", 'écrivez une liste, par exemple ["rsa.*"]'
    TYPE_INCONNU = "type_inconnu", "type inconnu : {type}", "types possibles : {possibles}"
    TYPE_NON_LIVRE = (
        "type_non_livre",
        "type qui n’est livré à aucun abonné (il ne concerne que l’exploitation) : {type}",
        "types possibles : {possibles}",
    )
    TERRITOIRE = "territoire", "absent", 'écrivez une liste de codes d’autorité, par exemple ["52"]'
    AUTORITE = (
        "autorite",
        "autorité inconnue : {code}",
        "écrivez un code d’autorité : 52, 6AE, 20R pour la Corse, 69M (métropole) ou 69D pour le Rhône",
    )
    PROFIL_OU_CHAMPS = (
        "profil_ou_champs",
        "il faut profil ou champs, l’un des deux",
        'écrivez par exemple profil = "cd"',
    )
    PROFIL = "profil", "profil inconnu : {profil}", "profils : {possibles}"
    CHAMPS = "champs", "ce n’est pas une liste de noms", 'écrivez par exemple ["identite.nom"]'
    CHAMP_INCONNU = "champ_inconnu", "champ inconnu : {nom}", "champs possibles : {possibles}"
    DATE = (
        "date",
        "absent, ou sans décalage horaire",
        "écrivez une date et une heure avec décalage, par exemple 2026-01-01T00:00:00+01:00",
    )
    PERIODE = "periode", "n’est pas après debut", "un abonnement couvre [debut, fin["
    STOCK_A_VENIR = "stock_a_venir", "le chargement initial n’est pas encore construit", 'écrivez stock = "non"'
    STOCK = "stock", "valeur inconnue : {valeur}", 'écrivez "non"'
    POISON = "poison", "valeur inconnue : {valeur}", 'écrivez "bloquer" ou "sauter"'
    HABILITATION = "habilitation", "ce n’est pas un texte", "écrivez le numéro de l’habilitation, ou rien"
    DESTINATION = "destination", "absente", "écrivez une table [abonnement.destination] avec {possibles}"
    GENRE_A_VENIR = "genre_a_venir", "{genre} : pas encore construit", "écrivez genre = {possibles}"
    GENRE = "genre", "genre inconnu : {genre}", "écrivez genre = {possibles}"
    VALEUR = (
        "valeur",
        "absente ou mal formée",
        "écrivez ce que demande ce genre de destination",
    )


Found: TypeAlias = tuple[Catalogue, Mapping[str, Any]]
"""A kind of fault, and what fills its places."""


def refuse(*wrong: Catalogue, **said: object) -> PydanticCustomError:
    """Give the error by which a validator of pydantic refuses a field: one fault or several, all filled alike."""
    return refuse_all((one, said) for one in wrong)


def refuse_all(found: Iterable[Found]) -> PydanticCustomError:
    """Give the error of a field with faults that differ; ``consumers.subscriptions.document`` tells them."""
    return PydanticCustomError("faute", "faute", {"found": list(found)})
