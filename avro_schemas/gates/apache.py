"""Apache's own verdict on two versions: the second opinion on what ``between`` has let pass."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from avro_schemas import Schema
from avro_schemas.gates.walking import nodes

SENTENCES: Final[Mapping[str, str]] = {
    "name_mismatch": "un type nommé a changé de nom",
    "fixed_size_mismatch": "une taille fixe a changé",
    "missing_enum_symbols": "une énumération a perdu des symboles",
    "reader_field_missing_default_value": "un champ absent de l’autre version n’a pas de défaut",
    "type_mismatch": "un type a changé",
    "missing_union_branch": "une union a perdu une branche",
}


def refusals(reader: Schema, writer: Schema) -> Iterator[tuple[str, str]]:
    """Give (path of a field, what is wrong) for all that keeps a reader from reading what a writer wrote.

    The path is the root's, empty, where the library does not say it: it forgets where it was inside a union.
    """
    pair = (avro.schema.parse(json.dumps(one)) for one in (reader, writer))
    verdict = ReaderWriterCompatibilityChecker().get_compatibility(*pair)
    if verdict.compatibility is SchemaCompatibilityType.incompatible:
        path = _path(reader, max(verdict.locations, key=len))
        for kind in dict.fromkeys(verdict.incompatibilities):
            yield path, SENTENCES[kind.value]


def _path(schema: Schema, location: str) -> str:
    """Turn ``/fields/14/type/fields/0`` into ``donnees.etat``."""
    steps = [int(step) for step in location.split("/") if step.isdigit()]
    path, current = [], schema
    for step in steps:
        record = next((one for _, one in nodes(current) if isinstance(one, dict) and one.get("type") == "record"), None)
        if record is None or step >= len(record["fields"]):
            break
        path.append(record["fields"][step]["name"])
        current = record["fields"][step]["type"]
    return ".".join(path)
