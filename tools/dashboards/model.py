"""What a dashboard is made of. Pure data, French where a reader sees it."""

from dataclasses import dataclass
from enum import StrEnum


class Genre(StrEnum):
    """How a panel shows its series."""

    COURBE = "courbe"
    NOMBRE = "nombre"
    TABLE = "table"
    CHALEUR = "carte de chaleur"


class Unite(StrEnum):
    """What the values are."""

    NOMBRE = "nombre"
    PART = "part"
    SECONDES = "secondes"
    JOURS = "jours"
    PAR_SECONDE = "par seconde"
    OCTETS = "octets"
    COEURS = "cœurs"


@dataclass(frozen=True, slots=True)
class Seuils:
    """From which value on a reader must look, then act; ``grave`` below ``attention`` when low is bad."""

    attention: float
    grave: float


@dataclass(frozen=True, slots=True)
class Requete:
    """One PromQL expression and the name of its series, labels in double braces."""

    expr: str
    legende: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One question that an operator asks, and where the answer is.

    Attributes:
        titre: unique in its dashboard; two panels never share their place.
        description: what to read in it, and what to do next.
        requetes: what Prometheus is asked, one or several.
        unite: of every value.
        genre: how it is drawn.
        seuils: None when no value is worse than another.
        vide_permis: why a healthy young bus has nothing to show here; None when no sample means a fault.
    """

    titre: str
    description: str
    requetes: tuple[Requete, ...]
    unite: Unite = Unite.NOMBRE
    genre: Genre = Genre.COURBE
    seuils: Seuils | None = None
    vide_permis: str | None = None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page of panels; ``uid`` is its address and its file, for ever.

    ``abonne`` is true for a page about one subscriber, chosen by the variable ``$subscriber``.
    """

    uid: str
    code: str
    titre: str
    question: str
    panneaux: tuple[Panel, ...]
    abonne: bool = False


def une(expr: str, legende: str = "") -> tuple[Requete, ...]:
    """Give the usual case, a single expression."""
    return (Requete(expr, legende),)
