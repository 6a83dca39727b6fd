"""Reads a contract from a folder: the only module of the gates that touches files. Nothing wrong in it raises."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from avro_schemas import Schema
from avro_schemas.gates.finding import Finding, Rule

VERSION: Final = re.compile("v([1-9][0-9]*)")
OWNERS: Final = "OWNERS.toml"
RELEASED: Final = "RELEASED.toml"
ANCHOR: Final = ".contrat.toml"
ANCHORS: Final = f"tests/releases/*{ANCHOR}"
UNREADABLE: Final = object()
"""Stands for a file that was told already; null is a value that the rules judge."""
DEEPEST: Final = 60  # levels of JSON; a schema of ours has about fifteen
Table: TypeAlias = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a record; ``schema`` and ``samples`` are any JSON, ``samples`` by title."""

    name: str
    number: int
    schema: Schema
    samples: Mapping[str, Any]

    def __str__(self) -> str:
        """Give how messages call it."""
        return f"{self.name} v{self.number}"

    @property
    def is_event(self) -> bool:
        """Tell an event, which has the envelope, from a sealed part."""
        return not self.name.startswith("scelle.")


@dataclass(frozen=True, slots=True)
class Contract:
    """All that a folder holds: versions by name then number, owners, digests of what is released, unreadable files.

    ``anchors`` has, by release of the bus, the digests that were released with it: kept beside the data that it wrote,
    out of the folder; empty where there is only the folder.
    """

    versions: Mapping[str, Mapping[int, Version]]
    owners: Table
    released: Table
    anchors: Mapping[str, Table]
    unreadable: tuple[Finding, ...]

    def __iter__(self) -> Iterator[Version]:
        """Give every version, oldest first in each record."""
        for numbers in self.versions.values():
            yield from numbers.values()

    def newest(self) -> Iterator[Version]:
        """Give the last version of each record."""
        for numbers in self.versions.values():
            yield numbers[max(numbers)]


def read(root: Path) -> Contract:
    """Give the contract of a folder; what cannot be read is a finding and is left out."""
    faults: list[Finding] = []
    versions: dict[str, dict[int, Version]] = {}
    for folder in sorted(_records(root)):
        found = {one.number: one for one in _versions(folder, faults)}
        if found:
            versions[folder.name] = dict(sorted(found.items()))
    anchors = {
        path.name.removesuffix(ANCHOR): _table(path, faults) for path in sorted(root.resolve().parent.glob(ANCHORS))
    }
    owners, released = (_table(root / file, faults) for file in (OWNERS, RELEASED))
    return Contract(versions, owners, released, anchors, tuple(faults))


def _records(root: Path) -> Iterator[Path]:
    """Every folder is a record's, but those of the code."""
    for path in root.iterdir():
        if path.is_dir() and not path.name.startswith((".", "__")) and not path.joinpath("__init__.py").exists():
            yield path


def _versions(folder: Path, faults: list[Finding]) -> Iterator[Version]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        match = VERSION.fullmatch(path.name)
        if match is None or not path.joinpath("schema.avsc").is_file():
            remedy = "Une version est un dossier v<n> avec schema.avsc et examples/"
            faults.append(Finding(f"{folder.name}/{path.name}", "ce n’est pas une version", Rule.DOSSIER, remedy))
            continue
        faults += _strays(folder, path)
        place = f"{folder.name} {path.name}"
        schema = _json(path / "schema.avsc", place, Rule.LISIBLE, faults)
        samples = {
            one.stem: _json(one, f"{place}, exemple « {one.stem} »", Rule.EXEMPLE, faults)
            for one in sorted(path.glob("examples/*.json"))
        }
        if schema is not UNREADABLE:
            yield Version(folder.name, int(match[1]), schema, samples)


def _strays(folder: Path, version: Path) -> Iterator[Finding]:
    """Find what nothing would ever read."""
    known = {"schema.avsc", "examples"}
    inside = [one for one in version.iterdir() if one.name not in known]
    inside += [one for one in version.glob("examples/*") if one.suffix != ".json"]
    for one in sorted(inside):
        if not one.name.startswith("."):
            place = f"{folder.name}/{one.relative_to(folder)}"
            remedy = "Une version n’a que schema.avsc et examples/*.json"
            yield Finding(place, "rien ne le lit", Rule.DOSSIER, remedy)


def _json(path: Path, place: str, rule: Rule, faults: list[Finding]) -> Any:  # noqa: ANN401 - a file holds any JSON
    try:
        return _parsed(path.read_text("utf-8"))
    except OSError:
        fault = "ce n’est pas un fichier lisible"
    except RecursionError:
        fault = "trop de niveaux"
    except KeyError as error:
        fault = f"la clé {error.args[0]} y est deux fois"
    except ValueError as error:  # JSON or UTF-8
        line = f", ligne {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        fault = f"ce n’est pas du JSON{line}"
    faults.append(Finding(place, fault, rule, f"Corrigez {path.name}"))
    return UNREADABLE


def _parsed(text: str) -> Any:  # noqa: ANN401 - a file holds any JSON
    """Give the JSON that every reader reads alike: Python's own lets pass NaN, lone surrogates and doubled keys."""
    value = json.loads(text, object_pairs_hook=_once, parse_constant=float.fromhex)
    level, depth = [value], 0
    while level:
        if (depth := depth + 1) > DEEPEST:
            raise RecursionError
        inner = (one.values() if isinstance(one, dict) else one if isinstance(one, list) else () for one in level)
        level = [child for children in inner for child in children]
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise KeyError(key)
        found[key] = value
    return found


def _table(path: Path, faults: list[Finding]) -> Table:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        rule = Rule.RESPONSABLE if path.name == OWNERS else Rule.PUBLIE
        faults.append(Finding(path.name, "fichier absent ou illisible", rule, "Rétablissez-le depuis l’historique"))
        return {}
    return {name: entry if isinstance(entry, dict) else {} for name, entry in table.items()}
