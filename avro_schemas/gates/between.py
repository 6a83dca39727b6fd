"""What changed between two versions of a record, and must not have: what Avro's own rules let pass, included.

Avro resolves aliases, promotes types, ignores logical types, defaults and namespaces, and reads a lost symbol as the
default: each would change what an old record means, or what an old reader sees. Nothing of that is allowed. Nor may a
field be protected less than it was, or hold what another source said.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from avro_schemas import Schema
from avro_schemas.gates.finding import Rule
from avro_schemas.gates.walking import CLASSES, HIDDEN, PRIMITIVES, names
from avro_schemas.named import full_name

Pair: TypeAlias = tuple[str, str]
FIXED: Final = frozenset(("bus.territoire", "bus.cause", "bus.partie_scellee"))
"""Read where their bytes stand (``streams.reading``), and kept so for months: not even a field more."""
ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """A difference that breaks the contract; ``detail`` completes "champ X : …"."""

    path: str
    detail: str
    rule: Rule


def changes(old: Schema, new: Schema) -> list[SchemaChange]:
    """Give what a newer version breaks of an older one, in the order of the older; empty when it only adds."""
    return list(_Walk(old, new).types("", old, new))


class _Walk:
    """Two schemas side by side; a pair of named types is compared once, where it is first met."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = names(old), names(new)
        self._done: set[Pair] = set()

    def types(self, path: str, old: Any, new: Any) -> Iterator[SchemaChange]:  # noqa: ANN401 - a schema is any JSON
        old, new = self._resolved(old, self._old), self._resolved(new, self._new)
        if (before := _kind(old)) != (after := _kind(new)):
            yield SchemaChange(path, f"{before} devient {after}", Rule.TYPE)
            return
        match old:
            case list():
                for left, right in zip(old, new, strict=True):
                    yield from self.types(path, left, right)
            case {"type": "array"}:
                yield from self.types(path, old["items"], new["items"])
            case {"type": "record" | "enum"}:
                yield from self._named(path, old, new)
            case _:
                return

    @staticmethod
    def _resolved(schema: Any, known: dict[str, Schema]) -> Any:  # noqa: ANN401 - a schema is any JSON
        return known.get(schema, schema) if isinstance(schema, str) else schema

    def _named(self, path: str, old: Schema, new: Schema) -> Iterator[SchemaChange]:
        pair = (f"{old['namespace']}.{old['name']}", f"{new['namespace']}.{new['name']}")
        if pair in self._done:
            return
        self._done.add(pair)
        if pair[0] != pair[1]:
            yield SchemaChange(path, f"le type {pair[0]} s’appelle {pair[1]}", Rule.RENOMME)
        yield from self._fields(path, old, new) if old["type"] == "record" else _symbols(path, old, new)

    def _fields(self, path: str, old: Schema, new: Schema) -> Iterator[SchemaChange]:
        after = {field["name"]: field for field in new["fields"]}
        before = {field["name"]: field for field in old["fields"]}
        for name, field in before.items():
            place = f"{path}.{name}" if path else name
            if name not in after:
                yield SchemaChange(place, "retiré", Rule.RETIRE)
                continue
            if not _same_default(field, after[name]):
                yield SchemaChange(place, "autre valeur par défaut", Rule.DEFAUT)
            yield from _notes(place, field, after[name])
            yield from self.types(place, field["type"], after[name]["type"])
        if full_name(old) in FIXED and [*before] != [*after]:
            yield SchemaChange(path, "ses champs ne sont plus les mêmes", Rule.FIGE)
        for name, field in after.items():
            if name not in before and "default" not in field:
                yield SchemaChange(f"{path}.{name}" if path else name, "nouveau, sans valeur par défaut", Rule.AJOUT)


def _kind(schema: Any) -> str:  # noqa: ANN401 - a schema is any JSON
    """Name what must stay the same of a type, whatever it holds."""
    match schema:
        case list():
            return "|".join(branch if branch in PRIMITIVES else "…" for branch in map(_plain, schema))
        case {"type": str() as base}:
            return str(schema.get("logicalType", base))
        case _:
            return str(schema)


def _plain(branch: Any) -> str:  # noqa: ANN401 - a schema is any JSON
    return branch if isinstance(branch, str) else ""


def _notes(place: str, old: Schema, new: Schema) -> Iterator[SchemaChange]:
    """An absent or unknown note has its own rule; a raised class still has to leave hidden what was hidden."""
    before, after = str(old.get("sensibilite")), str(new.get("sensibilite"))
    uncovered = before in HIDDEN and after not in HIDDEN
    if after in CLASSES and before in CLASSES and (after < before or uncovered):
        yield SchemaChange(place, f"{before} devient {after}", Rule.CLASSE)
    origins = old.get("origine"), new.get("origine")
    if all(isinstance(one, str) and one.strip() for one in origins) and origins[0] != origins[1]:
        yield SchemaChange(place, "autre origine", Rule.SOURCE)


def _same_default(old: Schema, new: Schema) -> bool:
    before, after = old.get("default", ABSENT), new.get("default", ABSENT)
    return type(before) is type(after) and before == after  # 0 is not False


def _symbols(path: str, old: Schema, new: Schema) -> Iterator[SchemaChange]:
    if lost := [symbol for symbol in old["symbols"] if symbol not in new["symbols"]]:
        yield SchemaChange(path, f"sans {', '.join(lost)}", Rule.SYMBOLE)
    elif new["symbols"][: len(old["symbols"])] != old["symbols"]:
        yield SchemaChange(path, "symboles déplacés", Rule.RANG)
