"""Write ``models.py`` from the schemas; with ``--check``, say what differs instead.

Run as ``python -m avro_schemas.generate [--check]``. Exit codes: 0 done or equal, 1 different. The text depends on the
schemas alone: same schemas, same bytes.
"""

import argparse
import difflib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from avro_schemas import ROOT, Schema, names, read, versions

MODELS: Final = ROOT / "models.py"
SEALED: Final = "scelle."
PRIMITIVES: Final = {"string": "str", "int": "int", "long": "int", "boolean": "bool", "bytes": "bytes", "null": "None"}
LOGICAL: Final = {"date": "date", "timestamp-micros": "datetime"}
RECORD: Final = "\nclass "
HEAD: Final = '''"""Types of the contract, written by ``python -m avro_schemas.generate``: change the schemas."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, Literal, NotRequired, TypeAlias, TypedDict
'''


def models() -> str:
    """Give the text of ``models.py``: names, versions, then one type per named Avro type, enums first."""
    return text({name: read(name) for name in names()}, {name: versions(name)[-1] for name in names()})


def text(schemas: Mapping[str, Schema], numbers: Mapping[str, int]) -> str:
    """Give the same for any contract: the newest schema and version of each record, by name."""
    defined: dict[str, str] = {}
    for schema in schemas.values():
        _define(schema, defined)
    events = [name for name in schemas if not name.startswith(SEALED)]
    parts = [name.removeprefix(SEALED) for name in schemas if name.startswith(SEALED)]
    blocks = [
        HEAD,
        f"EventType: TypeAlias = {_literal(events)}\n",
        f"PartKind: TypeAlias = {_literal(parts)}\n",
        _mapping("EVENT_VERSION", "str, int", {name: numbers[name] for name in events}),
        _mapping("PART_VERSION", "str, int", {sorte: numbers[SEALED + sorte] for sorte in parts}),
        *(text for text in defined.values() if not text.startswith(RECORD)),
        *(text for text in defined.values() if text.startswith(RECORD)),
    ]
    return "\n".join(blocks)


def named_types(schema: Any) -> Iterator[Schema]:  # noqa: ANN401 - a schema is any JSON
    """Give every record and enum defined in a schema, inner ones first."""
    match schema:
        case list():
            for branch in schema:
                yield from named_types(branch)
        case {"type": "array", "items": items}:
            yield from named_types(items)
        case {"type": "record", "fields": fields}:
            for field in fields:
                yield from named_types(field["type"])
            yield schema
        case {"type": "enum"}:
            yield schema
        case _:
            return


def full_name(schema: Schema) -> str:
    """Give the full name of a named type."""
    return f"{schema['namespace']}.{schema['name']}"


def _define(schema: Schema, defined: dict[str, str]) -> None:
    for named in named_types(schema):
        defined.setdefault(full_name(named), _enum(named) if named["type"] == "enum" else _record(named))


def _class_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.removeprefix("bus.").replace(".", "_").split("_"))


def _enum(schema: Schema) -> str:
    return f"{_class_name(full_name(schema))}: TypeAlias = {_literal(schema['symbols'])}\n{_doc(schema['doc'])}\n"


def _record(schema: Schema) -> str:
    lines = [f"{RECORD}{_class_name(full_name(schema))}(TypedDict):", f"    {_doc(schema['doc'])}", ""]
    return "\n".join([*lines, *(_field(field) for field in schema["fields"])]) + "\n"


def _doc(doc: str) -> str:
    """Quote a text so that Python reads it back the same, whatever it holds."""
    quoted = doc.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    shown = "".join(one if one == "\n" or ord(one) >= ord(" ") else f"\\x{ord(one):02x}" for one in quoted)
    return f'"""{shown[:-1]}\\""""' if shown.endswith('"') else f'"""{shown}"""'


def _field(field: dict[str, Any]) -> str:
    annotation = _annotation(field["type"])
    return f"    {field['name']}: {f'NotRequired[{annotation}]' if 'default' in field else annotation}"


def _annotation(schema: Any) -> str:  # noqa: ANN401 - a schema is any JSON
    match schema:
        case list():
            return " | ".join(sorted((_annotation(branch) for branch in schema), key="None".__eq__))
        case {"logicalType": logical}:
            return LOGICAL[logical]
        case {"type": "array", "items": items}:
            return f"list[{_annotation(items)}]"
        case {"type": "record" | "enum"}:
            return _class_name(full_name(schema))
        case _:
            return PRIMITIVES.get(schema) or _class_name(schema)


def _mapping(name: str, types: str, values: dict[str, int]) -> str:
    return f"{name}: Final[Mapping[{types}]] = MappingProxyType(\n    {{\n{_rows(values, 8)}    }}\n)\n"


def _rows(values: dict[str, int], indent: int) -> str:
    return "".join(f"{' ' * indent}{_quoted(key)}: {value},\n" for key, value in values.items())


def _literal(values: list[str]) -> str:
    line = f"Literal[{', '.join(map(_quoted, values)) or None}]"
    rows = "".join(f"    {_quoted(value)},\n" for value in values)
    return line if len(line) < 80 else f"Literal[\n{rows}]"


def _quoted(text: str) -> str:
    return f'"{text}"'


def _difference(path: Path, wanted: str) -> str | None:
    """Name the first line that differs, in one sentence; nothing when the file says what the schemas say."""
    found = path.read_text("utf-8") if path.exists() else ""
    changed = [
        line[2:].strip()
        for line in difflib.ndiff(found.splitlines(), wanted.splitlines())
        if line[:2] in {"- ", "+ "} and line[2:].strip()
    ]
    if found == wanted:
        return None
    return f"avro_schemas/{path.name} n’est plus ce que disent les schémas, à partir de « {(changed or ['…'])[0]} »."


def main(arguments: list[str] | None = None, path: Path = MODELS) -> int:
    """Write the models, or compare them with ``--check``; the result is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m avro_schemas.generate")
    parser.add_argument("--check", action="store_true", help="ne rien écrire ; code 1 si le fichier diffère")
    if not parser.parse_args(arguments).check:
        path.write_text(models(), encoding="utf-8")
        return 0
    if difference := _difference(path, models()):
        sys.stderr.write(f"{difference} Lancez « make generate ».\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
