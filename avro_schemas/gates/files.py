"""Reads single files of a contract, whatever they hold; what is wrong with one is a finding, never an exception."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from avro_schemas.gates.finding import Finding, Rule

UNREADABLE: Final = object()
"""Stands for a file that was told already; null is a value that the rules judge."""
DEEPEST: Final = 60  # levels of JSON; a schema of ours has about fifteen
TomlTable: TypeAlias = Mapping[str, Mapping[str, Any]]


def json_of(path: Path, place: str, rule: Rule, faults: list[Finding]) -> Any:  # noqa: ANN401 - a file holds any JSON
    """Give what a file holds; ``UNREADABLE`` once that is told in ``faults``."""
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


def table_of(path: Path, faults: list[Finding]) -> TomlTable:
    """Give the tables of a TOML file by name; none of a file that cannot be read."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        remedy = "Rétablissez-le depuis l’historique"
        faults.append(Finding(path.name, "fichier absent ou illisible", Rule.PUBLIE, remedy))
        return {}
    return {name: entry if isinstance(entry, dict) else {} for name, entry in table.items()}


def strays(record: str, version: Path, own: str) -> Iterator[Finding]:
    """Find, in the folder of a version, what nothing would ever read."""
    inside = [one for one in version.iterdir() if one.name not in {own, "examples"}]
    inside += [one for one in version.glob("examples/*") if one.suffix != ".json"]
    for one in sorted(inside):
        if not one.name.startswith("."):
            place = f"{record}/{one.relative_to(version.parent)}"
            remedy = f"Une version n’a que {own} et examples/*.json"
            yield Finding(place, "rien ne le lit", Rule.DOSSIER, remedy)
