"""The page of the settings, from the fields of every settings class and the modules that each role may reach."""

import re
import types
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bus.roles import ROLES
from bus.settings import Settings
from tools.reference import sources
from tools.reference.markdown import NOTHING, Pages, code, codes, fenced, page, section, table

_UNITS: Final[Mapping[str, re.Pattern[str]]] = {
    "s": re.compile(r"\bsecondes?\b|, s\b|\(s\)"),
    "jours": re.compile(r"\bjours?\b"),
    "octets": re.compile(r"\boctets?\b"),
    "heures": re.compile(r"\bheures?\b"),
}
"""A description says its unit; here is how it is read."""
_SETTINGS: Final = re.compile(r"^class \w+\((\w+\.)?\w*Settings\)", re.MULTILINE)
_WORDS: Final[Mapping[type, str]] = {
    str: "texte",
    int: "entier",
    float: "nombre",
    bool: "true ou false",
    Path: "chemin",
}


def pages() -> Pages:
    """Give the page."""
    return {
        "reglages.md": page(
            "Réglages",
            f"Chaque processus lit ses réglages dans des variables {code('BUS_…')} ; une liste s’écrit avec des "
            f"virgules, ou "
            "en JSON pour des nombres. Sur un poste, les adresses absentes se lisent dans "
            f"{code('plateforme.json')} du dossier de données ; l’option {code('--data')} d’une commande l’emporte sur "
            f"{code('BUS_DATA_DIR')}. Un réglage illisible empêche le démarrage et nomme la variable, jamais la "
            f"valeur.",
            *(_section(kind) for kind in kinds()),
            section(
                "Pour les essais",
                f"{code('BUS_FAILPOINTS_DIR')} arme les points d’arrêt des essais de robustesse ; jamais en "
                f"production.",
            ),
            section("Exemple", fenced("BUS_DATA_DIR=/var/lib/bus BUS_AUTORITES=52,69M bus deliver", "sh")),
        )
    }


@cache
def kinds() -> tuple[type[Settings], ...]:
    """Give every settings class, the shared one first, then by the module that declares it."""
    sources.load(_SETTINGS)
    return (Settings, *sorted(_below(Settings), key=lambda kind: kind.__module__))


def _below(kind: type[Settings]) -> Iterator[type[Settings]]:
    for one in kind.__subclasses__():
        if one.__module__.split(".")[0] in sources.PACKAGES:
            yield one
            yield from _below(one)


def own(kind: type[Settings]) -> dict[str, FieldInfo]:
    """Give the fields that a class adds to those that it inherits."""
    inherited = {name for parent in kind.__mro__[1:] if issubclass(parent, Settings) for name in parent.model_fields}
    return {name: one for name, one in kind.model_fields.items() if name not in inherited}


def variable(kind: type[Settings], name: str) -> str:
    """Give the environment variable of a field."""
    return f"{kind.model_config.get('env_prefix', '')}{name}".upper()


def _section(kind: type[Settings]) -> str:
    title = "Communs" if kind is Settings else f"De {code(kind.__module__)}"
    columns = ("variable", "type", "défaut", "unité", "ce que c’est", "lu par")
    return section(title, table(columns, (_row(kind, name, one) for name, one in own(kind).items())))


def _row(kind: type[Settings], name: str, one: FieldInfo) -> tuple[str, ...]:
    described = one.description or ""
    return (
        code(variable(kind, name)),
        type_word(one.annotation),
        _default(one),
        unit(described) if _counts(one.annotation) else NOTHING,
        described,
        ", ".join(roles(kind, name)) or "commandes",
    )


def type_word(annotation: Any) -> str:  # noqa: ANN401 - any annotation
    """Give a type in a reader's words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " ou ".join(code(value) for value in inner)
    if origin in (Union, types.UnionType):
        return " ou ".join(sorted({type_word(one) for one in inner if one is not types.NoneType}))
    if origin in (list, tuple, set, frozenset):
        return f"liste de {type_word(inner[0])}"
    return _WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _counts(annotation: Any) -> bool:  # noqa: ANN401 - any annotation
    """Tell whether a type holds numbers."""
    if annotation in (int, float):
        return True
    return any(_counts(one) for one in get_args(annotation))


def unit(description: str) -> str:
    """Give the unit that a description says, else a dash."""
    return next((name for name, words in _UNITS.items() if words.search(description)), NOTHING)


def _default(one: FieldInfo) -> str:
    value = one.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "obligatoire"
    if value is None or value in ("", [], ()):
        return NOTHING
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, (list, tuple)):
        return codes(f"{item:g}" if isinstance(item, float) else item for item in value)
    return code(f"{value:g}" if isinstance(value, float) else value)


def roles(kind: type[Settings], name: str) -> list[str]:
    """Give the roles that may read a setting: those whose modules reach both its class and its name."""
    return [role for role in ROLES if _reads(role, kind, name)]


def _reads(role: str, kind: type[Settings], name: str) -> bool:
    reached = _reached(role)
    return kind.__module__ in reached and any(name in sources.attributes(module) for module in reached)


@cache
def _reached(role: str) -> frozenset[str]:
    """Give the modules of a role: its class, its settings, what runs it, the database that it is lent."""
    row = ROLES[role]
    lent = ("bus.platform.postgres",) if row.database else ()
    starts = (row.target.partition(":")[0], row.settings.partition(":")[0], "bus.role", *lent)
    return frozenset[str]().union(*map(sources.reached, starts))
