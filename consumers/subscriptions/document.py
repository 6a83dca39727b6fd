"""A TOML file of subscriptions: what it may say, and the complete list of what is wrong with it, in its order."""

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from bus.errors import InvalidEvent
from bus.territory import authority
from consumers.connectors.destination import MEMBERS, AnyDestination, genres, tables
from consumers.faults import Catalogue, Fault, Found, Wrong, refuse, refuse_all
from consumers.subscriptions.profiles import FIELDS, Profile
from consumers.subscriptions.subscription import Poison, covers, delivered

_NEITHER: Final = object()  # stands for a profile where a file gives both a profile and fields, or none of them


@dataclass(frozen=True, slots=True)
class Known:
    """What exists today: event types and authority codes."""

    types: Collection[str]
    authorities: Collection[str]


def _types(patterns: list[str], info: ValidationInfo) -> list[str]:
    """Refuse each pattern that covers no type of the contract that subscribers can receive."""
    known: Collection[str] = info.context.types if info.context else ()
    routed = sorted(type_ for type_ in known if delivered(type_))
    found: list[Found] = []
    for pattern in patterns:
        if not any(covers(pattern, type_) for type_ in routed):
            exists = any(covers(pattern, type_) for type_ in known)
            wrong = Wrong.TYPE_NON_LIVRE if exists else Wrong.TYPE_INCONNU
            found.append((wrong, {"type": pattern, "possibles": ", ".join(routed)}))
    return _faultless(patterns, found)


def _territory(codes: list[str], info: ValidationInfo) -> list[str]:
    known: Collection[str] = info.context.authorities if info.context else ()
    return _faultless(codes, [(Wrong.AUTORITE, {"code": code}) for code in codes if _authority(code) not in known])


def _authority(code: str) -> str:
    try:
        return authority(code, None)
    except InvalidEvent:
        return ""


def _fields(names: list[str]) -> list[str]:
    said = ", ".join(sorted(FIELDS))
    unknown = [name for name in names if name not in FIELDS]
    return _faultless(names, [(Wrong.CHAMP_INCONNU, {"nom": name, "possibles": said}) for name in unknown])


def _faultless(value: list[str], found: Sequence[Found]) -> list[str]:
    if found:
        raise refuse_all(found)
    return value


def _profile(value: object) -> Profile | None:
    if value is _NEITHER:
        raise refuse(Wrong.PROFIL_OU_CHAMPS)
    if value is not None and str(value) not in set(Profile):
        raise refuse(Wrong.PROFIL, profil=value, possibles=", ".join(Profile))
    return None if value is None else Profile(str(value))


def _stock(value: object) -> str:
    if value == "oui":
        raise refuse(Wrong.STOCK_A_VENIR)
    if value != "non":
        raise refuse(Wrong.STOCK, valeur=value)
    return "non"


def _poison(value: object) -> object:
    if value not in ("bloquer", "sauter"):
        raise refuse(Wrong.POISON, valeur=value)
    return value


def _said(text: str) -> str:
    """Refuse separators alone (U+001C…), which Python holds for blanks and pydantic for text."""
    if not text.strip():
        raise ValueError("nothing is said")
    return text


Slug: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\z")]
Text: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_said)]


class SubscriptionEntry(BaseModel):
    """One ``[[abonnement]]``; its keys in the order in which faults are told."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Slug
    types: Annotated[list[str], Field(min_length=1), AfterValidator(_types)]
    territoire: Annotated[list[str], Field(min_length=1), AfterValidator(_territory)]
    profil: Annotated[Profile | None, PlainValidator(_profile)] = None
    champs: Annotated[list[str], Field(min_length=1), AfterValidator(_fields)] | None = None
    finalite: Text
    base_legale: Text
    contact_technique: Text
    debut: AwareDatetime
    fin: AwareDatetime
    stock: Annotated[Literal["non"], PlainValidator(_stock)] = "non"
    poison: Annotated[Poison, PlainValidator(_poison)] = "bloquer"
    habilitation: str = ""
    destination: AnyDestination

    @model_validator(mode="before")
    @classmethod
    def _profile_or_fields(cls, entry: dict[str, Any]) -> dict[str, Any]:
        if (entry.get("profil") is None) == (entry.get("champs") is None):
            return entry | {"profil": _NEITHER, "champs": None}
        return entry

    @field_validator("fin")
    @classmethod
    def _after_debut(cls, fin: AwareDatetime, info: ValidationInfo) -> AwareDatetime:
        if (debut := info.data.get("debut")) is not None and debut >= fin:
            raise refuse(Wrong.PERIODE)
        return fin


class Document(BaseModel):
    """A whole file; each entry is judged apart, so that its faults name it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    organisation: Slug
    abonnement: list[dict[str, Any]] = []


_BY_FIELD: Final[Mapping[str, Wrong]] = {
    "organisation": Wrong.ORGANISATION,
    "abonnement": Wrong.LISTE,
    "id": Wrong.ID,
    "types": Wrong.TYPES,
    "territoire": Wrong.TERRITOIRE,
    "champs": Wrong.CHAMPS,
    "finalite": Wrong.TEXTE,
    "base_legale": Wrong.TEXTE,
    "contact_technique": Wrong.TEXTE,
    "debut": Wrong.DATE,
    "fin": Wrong.DATE,
    "habilitation": Wrong.HABILITATION,
    "destination": Wrong.DESTINATION,
}
"""What a field that is absent or of another type than its own is told; those of a destination, its model tells."""


def parse(text: str) -> tuple[dict[str, Any], list[Fault]]:
    """Read TOML; a text that is not TOML is one fault."""
    try:
        return tomllib.loads(text), []
    except tomllib.TOMLDecodeError as error:
        return {}, [Wrong.FICHIER.at("fichier", erreur=error)]


def faults(document: Mapping[str, Any], known: Known) -> list[Fault]:
    """Give everything that is wrong with a file, in its order; empty when it may be applied."""
    found = list(_judge(Document, "", document, known))
    if not any(fault.champ == "abonnement" for fault in found):
        found += _entries(document.get("abonnement", []), known)
    return found


def _entries(entries: Sequence[Mapping[str, Any]], known: Known) -> Iterator[Fault]:
    seen: set[str] = set()
    for rank, entry in enumerate(entries, 1):
        name = str(entry.get("id", f"n° {rank}"))
        if name in seen:
            yield Wrong.ID_DOUBLE.at(f"abonnement {name}.id")
        seen.add(name)
        yield from _judge(SubscriptionEntry, f"abonnement {name}.", entry, known)


def _judge(model: type[BaseModel], where: str, table: Mapping[str, Any], known: Known) -> Iterator[Fault]:
    """Give the faults of one table: unknown keys first, then field by field, each field told once."""
    try:
        model.model_validate(dict(table), context=known)
    except ValidationError as error:
        told: set[str] = set()
        for one in sorted(error.errors(include_url=False), key=lambda one: _rank(model, one)):
            if (place := _place(one)) not in told:
                told.add(place)
                yield from _told(where + place, one, model)


def _rank(model: type[BaseModel], error: ErrorDetails) -> tuple[bool, int, bool, str]:
    fields, extra = list(model.model_fields), error["type"] == "extra_forbidden"
    top = str(error["loc"][0])
    return top in fields, fields.index(top) if top in fields else 0, not extra, str(error["loc"][-1]) if extra else ""


def _place(error: ErrorDetails) -> str:
    """Give the path of a field as a file writes it: no rank in a list, no tag of a union."""
    top, *inside = [part for part in error["loc"] if isinstance(part, str)]
    if error["type"].startswith("union_tag"):
        return f"{top}.genre"
    return ".".join([top, *inside[1:]])


def _told(place: str, error: ErrorDetails, model: type[BaseModel]) -> Iterator[Fault]:
    match error["type"]:
        case "faute":
            for wrong, said in error["ctx"]["found"]:
                yield wrong.at(place, **said)
        case "extra_forbidden":
            inside = MEMBERS[str(error["loc"][1])] if len(error["loc"]) > 1 else model
            yield Wrong.CHAMP_DE_TROP.at(place, possibles=", ".join(sorted(inside.model_fields)))
        case "union_tag_invalid" | "union_tag_not_found":
            yield Wrong.GENRE.at(place, genre=error["input"].get("genre"), possibles=genres())
        case _:
            yield _by_field(error).at(place, possibles=tables())


def _by_field(error: ErrorDetails) -> Catalogue:
    top, *inside = [part for part in error["loc"] if isinstance(part, str)]
    if len(inside) < 2:
        return _BY_FIELD.get(top, Wrong.VALEUR)
    return MEMBERS[inside[0]].told.get(inside[-1], Wrong.VALEUR)
