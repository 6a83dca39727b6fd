"""What the records of a contract owe one another: one text for what they share."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from avro_schemas import Schema
from avro_schemas.gates.finding import Finding, Rule
from avro_schemas.gates.source import Version
from avro_schemas.gates.walking import names
from avro_schemas.named import full_name

KINDS: Final = "bus.sorte_scellee"
OWN: Final = "donnees"  # the one field of the root that differs from type to type


def shared(newest: list[Version]) -> Iterator[Finding]:
    """Find named types, and fields of the envelope, whose text differs between the newest versions of two records.

    Args:
        newest: versions that parse, by name; the first that has a text is the reference.
    """
    texts: dict[str, dict[str, list[Version]]] = defaultdict(lambda: defaultdict(list))
    for version in newest:
        for what, text in _texts(version):
            texts[what][text].append(version)
    for what, found in texts.items():
        usual = max(found.values(), key=len)
        for odd in (versions for versions in found.values() if versions is not usual):
            for version in odd:
                fault = f"son texte n’est pas celui de {usual[0]}"
                remedy = "Nommez celui de common, ou faites évoluer tous les types ensemble"
                yield Finding(f"{version}, {what}", fault, Rule.PARTAGE, remedy)


def sealable(newest: list[Version]) -> Iterator[Finding]:
    """Find sealed parts that no event can carry: the enum of an event's parts does not name them."""
    enums = [names(one.schema).get(KINDS) for one in newest if one.is_event]
    for part in (one for one in newest if not one.is_event):
        sorte = part.name.partition(".")[2]
        if any(enum is not None and sorte not in enum["symbols"] for enum in enums):
            remedy = f"Ajoutez {sorte} à la fin de {KINDS}, dans common"
            yield Finding(str(part), "aucun événement ne peut la porter", Rule.SORTE, remedy)


def _texts(version: Version) -> Iterator[tuple[str, str]]:
    for name, named in names(version.schema).items():
        if name != version.name:
            yield f"type {name}", _text(named)
    for field in version.schema["fields"] if version.is_event else ():
        if field["name"] != OWN:
            yield f"champ {field['name']}", _text({**field, "type": _outline(field["type"])})


def _text(node: Schema) -> str:
    members = [{**field, "type": _outline(field["type"])} for field in node.get("fields", ())]
    return json.dumps({**node, "fields": members}, ensure_ascii=False, sort_keys=True)


def _outline(schema: Any) -> Any:  # noqa: ANN401 - a schema is any JSON
    """Put names for the types defined inside: each is compared once, by itself."""
    match schema:
        case list():
            return [_outline(branch) for branch in schema]
        case {"type": "array", "items": items}:
            return {**schema, "items": _outline(items)}
        case {"type": "record" | "enum"}:
            return full_name(schema)
        case _:
            return schema
