"""What one version must satisfy by itself: notes of each field, enums, the shapes we read, the envelope of an event."""

import json
import keyword
import re
from collections.abc import Iterator
from typing import Any, Final

import avro.schema
import fastavro

from avro_schemas import Schema
from avro_schemas.gates.finding import Finding, Rule
from avro_schemas.gates.source import Version
from avro_schemas.gates.walking import CLASSES, HIDDEN, fields, names, nodes, supported
from avro_schemas.generate import full_name

FIELD_NAME: Final = re.compile("[a-z][a-z0-9_]*")
TYPE_NAME: Final = FIELD_NAME
SYMBOL: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*")
NAMESPACE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
UNKNOWN: Final = "INCONNU"
SEALED: Final = "bus.partie_scellee"
FLAG: Final = ("boolean", ["null", "boolean"])


def readable(version: Version) -> Iterator[Finding]:
    """Find what keeps Avro from parsing a schema; the other rules only make sense for one that parses."""
    reason = _refusal(version.schema)
    if reason is not None:
        yield Finding(str(version), f"schéma illisible, {reason}", Rule.LISIBLE, "Corrigez schema.avsc")
    elif (found := fastavro.parse_schema(version.schema)["name"]) != version.name:
        yield Finding(str(version), f"le schéma s’appelle {found}", Rule.NOM, "Accordez namespace et name au dossier")


def _refusal(schema: Any) -> str | None:  # noqa: ANN401 - a file holds any JSON
    """Both libraries must agree: Apache's is the reference, fastavro is what we run."""
    if not isinstance(schema, dict) or schema.get("type") != "record":
        return "ce n’est pas un record"
    try:
        fastavro.parse_schema(schema)
        avro.schema.parse(json.dumps(schema))
    except fastavro.schema.UnknownType as error:
        return f"le type {error.name} n’est pas défini avant son emploi"
    except Exception as error:  # noqa: BLE001 - the file may be wrong in any way, and they raise accordingly
        return " ".join(str(error).split()) or type(error).__name__
    return None


def shaped(version: Version) -> Iterator[Finding]:
    """Find the types that some reader of ours does not know; the rules after this one rely on known ones."""
    named = [one for _, one in nodes(version.schema) if isinstance(one, dict) and one.get("type") in ("record", "enum")]
    known = {f"{one.get('namespace')}.{one['name']}": one for one in named}
    for name, one in known.items():
        if any(node == name for _, node in nodes(one)):
            remedy = "Décrivez-le sans se contenir"
            yield Finding(f"{version}, type {name}", "se contient lui-même", Rule.FORME, remedy)
    for path, node in nodes(version.schema):
        if not supported(node, known):
            yield Finding(
                _at(version, path),
                "forme de type non prise en charge",
                Rule.FORME,
                "Gardez null|X, array, record et enum avec leur namespace, date, timestamp-micros et les types simples",
            )


def named(version: Version) -> Iterator[Finding]:
    """Find aliases, by which a reader takes one field for another, and names that some language cannot say."""
    types = ((f"type {name}", kind, TYPE_NAME) for name, kind in names(version.schema).items())
    members = ((f"champ {path}", field, FIELD_NAME) for path, field in fields(version.schema))
    for place, node, pattern in (*types, *members):
        if "aliases" in node:
            yield Finding(f"{version}, {place}", "a un alias", Rule.ALIAS, "Retirez « aliases » : un nom ne change pas")
        symbols = ((symbol, SYMBOL) for symbol in node.get("symbols", ()))
        for name, wanted in ((node["name"], pattern), *symbols):
            if not isinstance(name, str) or not wanted.fullmatch(name) or keyword.iskeyword(name):
                remedy = "Des minuscules, des chiffres et _, une lettre d’abord, aucun mot réservé de Python"
                yield Finding(f"{version}, {place}", f"un nom qui ne convient pas, {name}", Rule.MOT, remedy)
        if not NAMESPACE.fullmatch(node.get("namespace", "bus")):
            remedy = "Des mots en minuscules, séparés par des points"
            yield Finding(f"{version}, {place}", "un namespace qui ne convient pas", Rule.MOT, remedy)


def noted(version: Version) -> Iterator[Finding]:
    """Find fields and types without doc, fields without class or origin, classes that may not travel."""
    for name, named in names(version.schema).items():
        if not _said(named, "doc"):
            yield Finding(f"{version}, type {name}", "pas de doc", Rule.DOC, "Dites en français ce que c’est")
    for path, field in fields(version.schema):
        place = _at(version, path)
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
            yield Finding(_at(version, path), fault, Rule.CLAIR, "Portez-le dans une partie scelle.<sorte>")


def _is_part(kind: Any) -> bool:  # noqa: ANN401 - a schema is any JSON
    """Tell a sealed part, or an array of them, null or not, from anything that only mentions one."""
    match kind:
        case ["null", inner] | {"type": "array", "items": inner}:
            return _is_part(inner)
        case {"type": "record"}:
            return full_name(kind) == SEALED
        case _:
            return bool(kind == SEALED)


def defaulted(version: Version) -> Iterator[Finding]:
    """Find enums that do not fall back on INCONNU, and nullable fields that are not null by default."""
    known = names(version.schema)
    for name, named in known.items():
        if named["type"] == "enum" and not (named.get("default") == UNKNOWN and UNKNOWN in named["symbols"]):
            remedy = f"Ajoutez le symbole {UNKNOWN} et « default »: « {UNKNOWN} »"
            yield Finding(f"{version}, énumération {name}", f"ne se replie pas sur {UNKNOWN}", Rule.INCONNU, remedy)
    for path, field in fields(version.schema):
        nullable = isinstance(field["type"], list)
        kind = known.get(field["type"], field["type"]) if isinstance(field["type"], str) else field["type"]
        if isinstance(kind, dict) and kind["type"] == "enum" and field.get("default", UNKNOWN) != UNKNOWN:
            remedy = f"Écrivez « default »: « {UNKNOWN} »"
            yield Finding(_at(version, path), f"pas {UNKNOWN} par défaut", Rule.INCONNU, remedy)
        if nullable and path != "enrichissement" and field.get("default", ...) is not None:
            yield Finding(_at(version, path), "pas null par défaut", Rule.NULL, "Ajoutez « default »: null")


def _said(node: Schema, note: str) -> bool:
    return isinstance(node.get(note), str) and bool(node[note].strip())


def _at(version: Version, path: str) -> str:
    return f"{version}, champ {path}" if path else str(version)
