"""What stands beside each field of a version, and what it allows: doc, class, origin; nothing personal in clear."""

from collections.abc import Iterator
from typing import Any, Final

from avro_schemas import Schema
from avro_schemas.gates.finding import Finding, Rule
from avro_schemas.gates.source import Version
from avro_schemas.gates.walking import CLASSES, HIDDEN, at, fields, names
from avro_schemas.named import full_name

PART: Final = "bus.partie_scellee"
FLAG: Final = ("boolean", ["null", "boolean"])


def noted(version: Version) -> Iterator[Finding]:
    """Find fields and types without doc, fields without class or origin, classes that may not travel."""
    for name, named in names(version.schema).items():
        if not _said(named, "doc"):
            yield Finding(f"{version}, type {name}", "pas de doc", Rule.DOC, "Dites en français ce que c’est")
    for path, field in fields(version.schema):
        place = at(version, path)
        if not _said(field, "doc"):
            yield Finding(place, "pas de doc", Rule.DOC, "Dites en français ce que c’est")
        if not _said(field, "origine"):
            yield Finding(place, "pas d’origine", Rule.ORIGINE, "Ajoutez « origine » : l’élément de la source, ou bus")
        yield from _classified(place, field)


def _classified(place: str, field: Schema) -> Iterator[Finding]:
    found = field.get("sensibilite")
    if not isinstance(found, str) or found not in CLASSES:
        yield Finding(place, "pas de classe", Rule.SENSIBILITE, "Ajoutez « sensibilite », de S0 à S6")
    elif found == "S7":
        yield Finding(place, "donnée financière ou de contrôle", Rule.S7, "Retirez le champ")
    elif found == "S6" and field["type"] not in FLAG and not any(fields(field["type"])):
        yield Finding(place, "donnée de l’article 9 en détail", Rule.S6, "Réduisez-la au booléen qu’un texte permet")


def sealed(version: Version) -> Iterator[Finding]:
    """Find clear fields of an event that should be sealed: streams and topics must not be able to read them."""
    for path, field in fields(version.schema) if version.is_event else ():
        holds_parts = path == "scelle.octets" or _is_part(field["type"])
        if not holds_parts and field.get("sensibilite") in HIDDEN:
            fault = f"en clair alors que sa classe est {field['sensibilite']}"
            yield Finding(at(version, path), fault, Rule.CLAIR, "Portez-le dans une partie scelle.<sorte>")


def _is_part(kind: Any) -> bool:  # noqa: ANN401 - a schema is any JSON
    """Tell a sealed part, or an array of them, null or not, from anything that only mentions one."""
    match kind:
        case ["null", inner] | {"type": "array", "items": inner}:
            return _is_part(inner)
        case {"type": "record"}:
            return full_name(kind) == PART
        case _:
            return bool(kind == PART)


def _said(node: Schema, note: str) -> bool:
    return isinstance(node.get(note), str) and bool(node[note].strip())
