"""The contract, as data: one folder per record and version, and the one reader of that data."""

import json
import tomllib
from pathlib import Path
from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]
"""A parsed ``.avsc``: plain JSON, in the order of the file."""

ROOT: Final = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Give every record's full name, sorted: event types and ``scelle.<sorte>``."""
    return tuple(sorted(path.parent.parent.name for path in ROOT.glob("*/v1/schema.avsc")))


def versions(name: str) -> tuple[int, ...]:
    """Give the versions of a record, oldest first; empty for a name the contract does not hold."""
    return tuple(sorted(int(path.parent.name[1:]) for path in ROOT.glob(f"{name}/v*/schema.avsc")))


def read(name: str, version: int | None = None) -> Schema:
    """Give the schema of a record as plain JSON.

    Args:
        name: full name of the record; for an event, its type.
        version: from 1; the newest when absent.

    Raises:
        KeyError: the contract holds no such record or version.
    """
    known = versions(name)
    if not known or (version is not None and version not in known):
        raise KeyError(name if version is None else f"{name}/v{version}")
    schema: Schema = json.loads(_folder(name, version or known[-1]).joinpath("schema.avsc").read_text("utf-8"))
    return schema


def examples(name: str, version: int) -> dict[str, dict[str, Any]]:
    """Give the examples of a version: title → record, with ISO dates and base64 bytes (see ``conversion``)."""
    files = sorted(_folder(name, version).glob("examples/*.json"))
    return {path.stem: json.loads(path.read_text("utf-8")) for path in files}


def owner(name: str) -> str:
    """Give the team that settles how a record evolves.

    Raises:
        KeyError: nobody owns that record.
    """
    owners = tomllib.loads(ROOT.joinpath("OWNERS.toml").read_text("utf-8"))
    return str(owners[name]["responsable"])


def _folder(name: str, version: int) -> Path:
    return ROOT / name / f"v{version}"
