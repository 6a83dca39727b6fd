"""Versions that may follow a schema, and versions that may not, drawn at random from what it holds."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from avro_schemas.gates.finding import Rule
from avro_schemas.named import full_name, named_types

Schema = dict[str, Any]
NOTES = {"doc": "Ajout.", "sensibilite": "S4", "origine": "bus"}
SHARED = "bus"  # types of this namespace are the same in every event: they evolve with the code that reads their bytes
BREAKS = [
    Rule.RETIRE,
    Rule.RENOMME,
    Rule.TYPE,
    Rule.DEFAUT,
    Rule.AJOUT,
    Rule.SYMBOLE,
    Rule.CLASSE,
    Rule.SOURCE,
]

LEAVES: list[tuple[Any, Any]] = [
    (["null", "string"], None),
    (["null", {"type": "int", "logicalType": "date"}], None),
    ("string", "a"),
    ("int", -1),
    ("boolean", False),
    ({"type": "array", "items": "string"}, []),
    (["null", "bytes"], None),
]


def own_records(schema: Schema) -> list[Schema]:
    """Give the records where a field may be added: never the root of an event, never a type that others share."""
    root = f"{schema['namespace']}.{schema['name']}"
    return [
        named
        for named in named_types(schema)
        if named["type"] == "record"
        and named["namespace"] != SHARED
        and (root.startswith("scelle.") or named is not schema)
    ]


def own_enums(schema: Schema) -> list[Schema]:
    return [named for named in named_types(schema) if named["type"] == "enum" and named["namespace"] != SHARED]


@st.composite
def evolved(draw: st.DrawFn, schema: Schema, prefix: str = "ajout") -> Schema:
    """Draw a legal next version: fields with defaults, containers and enums included, and symbols."""
    new = deepcopy(schema)
    targets = own_records(new)
    for number in range(draw(st.integers(1, 3))):
        members = draw(st.sampled_from(targets))["fields"]
        members.insert(draw(st.integers(0, len(members))), draw(_added(f"{prefix}_{number}", new)))
    for enum in own_enums(new):
        if not enum["name"].startswith(prefix):
            enum["symbols"] += draw(st.lists(st.sampled_from([f"{prefix}_a", f"{prefix}_b"]), unique=True, max_size=2))
    return new


@st.composite
def _added(draw: st.DrawFn, name: str, schema: Schema) -> Schema:
    head = {"namespace": schema["namespace"], "doc": "Ajout."}
    enum = head | {"type": "enum", "name": f"{name}_choix", "symbols": ["INCONNU", "un"], "default": "INCONNU"}
    kind, default = draw(st.sampled_from(LEAVES))
    inner = {"name": "dedans", "type": kind, "default": default} | NOTES
    record = head | {"type": "record", "name": f"{name}_groupe", "fields": [inner]}
    known = [full_name(named) for named in named_types(schema) if named["namespace"] == SHARED][:2]  # before `donnees`
    references = [(["null", name], None) for name in known]
    shape, default = draw(
        st.sampled_from(
            [
                *LEAVES,
                *references,
                (enum, "INCONNU"),
                (["null", record], None),
                (record, {"dedans": default}),
                ({"type": "array", "items": record}, []),
            ]
        )
    )
    return {"name": name, "type": deepcopy(shape), "default": default} | NOTES


@st.composite
def broken(draw: st.DrawFn, schema: Schema) -> tuple[Schema, Rule]:
    """Draw a version with one thing that may not be, and the rule that must say so."""
    new = deepcopy(schema)
    record = draw(st.sampled_from([named for named in named_types(new) if named["type"] == "record"]))
    field = draw(st.sampled_from(record["fields"]))
    enums = [named for named in named_types(new) if named["type"] == "enum"]
    rule = draw(st.sampled_from(BREAKS))
    match rule:
        case Rule.RETIRE if not any(named_types(field["type"])):
            record["fields"].remove(field)
        case Rule.RENOMME if record is not new:
            record["name"] = f"{record['name']}_2"
        case Rule.CLASSE if field["sensibilite"] != "S0":
            field["sensibilite"] = draw(st.sampled_from([f"S{lower}" for lower in range(int(field["sensibilite"][1]))]))
        case Rule.SOURCE:
            field["origine"] = f"{field['origine']}, autre"
        case Rule.TYPE if not any(named_types(field["type"])):
            field["type"] = {"type": "array", "items": "long"}
        case Rule.DEFAUT:
            field["default"] = "autre"
        case Rule.SYMBOLE if enums:
            enum = draw(st.sampled_from(enums))
            enum["symbols"].remove(draw(st.sampled_from(enum["symbols"])))
        case _:
            record["fields"].append({"name": "ajout", "type": "string"})
            return new, Rule.AJOUT
    return new, rule
