"""What one version must satisfy by itself: Avro reads it, so do all our readers, names and defaults are of our kind."""

import json
import keyword
import re
from collections.abc import Iterator
from typing import Any, Final

import avro.schema
import fastavro

from avro_schemas.gates.finding import Finding, Rule
from avro_schemas.gates.source import Version
from avro_schemas.gates.walking import at, fields, names, nodes, supported

FIELD_NAME: Final = re.compile("[a-z][a-z0-9_]*")
TYPE_NAME: Final = FIELD_NAME
SYMBOL: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*")
NAMESPACE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
UNKNOWN: Final = "INCONNU"


def readable(version: Version) -> Iterator[Finding]:
    """Find what keeps Avro from parsing a schema; the other rules only make sense for one that parses."""
    reason = _refusal(version.schema)
    if reason is not None:
        yield Finding(str(version), f"schéma illisible, {reason}", Rule.LISIBLE, "Corrigez donnees.avsc")
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
                at(version, path),
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
            yield Finding(at(version, path), f"pas {UNKNOWN} par défaut", Rule.INCONNU, remedy)
        if nullable and path != "enrichissement" and field.get("default", ...) is not None:
            yield Finding(at(version, path), "pas null par défaut", Rule.NULL, "Ajoutez « default »: null")
