"""The contract, as data: one folder per record and version, what events share beside them, and the one reader of both.

A schema is assembled when it is asked for; nothing that is written from another file is kept.
"""

import json
from pathlib import Path
from typing import Any, Final

from avro_schemas import assembly
from avro_schemas.named import Schema

__all__ = [
    "OWN", "ROOT", "SEALED", "Schema", "annotated", "common", "examples", "names", "own", "owner", "read", "versions",
]  # fmt: skip

ROOT: Final = Path(__file__).parent
OWN: Final = "donnees.avsc"
SEALED: Final = "scelle."


def names() -> tuple[str, ...]:
    """Give every record's full name, sorted: event types and ``scelle.<sorte>``."""
    return tuple(sorted(path.parent.parent.name for path in ROOT.glob(f"*/v1/{OWN}")))


def versions(name: str) -> tuple[int, ...]:
    """Give the versions of a record, oldest first; empty for a name the contract does not hold."""
    return tuple(sorted(int(path.parent.name[1:]) for path in ROOT.glob(f"{name}/v*/{OWN}")))


def own(name: str, version: int | None = None) -> Schema:
    """Give what a record's file says: its own fields with their rights, and what is said of the type itself.

    Args:
        name: full name of the record; for an event, its type.
        version: from 1; the newest when absent.

    Raises:
        KeyError: the contract holds no such record or version.
    """
    known = versions(name)
    if not known or (version is not None and version not in known):
        raise KeyError(name if version is None else f"{name}/v{version}")
    found: Schema = json.loads(_folder(name, version or known[-1]).joinpath(OWN).read_text("utf-8"))
    return found


def annotated(name: str, version: int | None = None) -> Schema:
    """Give the schema of a record with the right that opens each field. Takes and raises as ``own``."""
    said = own(name, version)
    return assembly.part(said) if name.startswith(SEALED) else assembly.event(said, common(said["commun"]))


def read(name: str, version: int | None = None) -> Schema:
    """Give the schema of a record as it is registered and released: plain JSON. Takes and raises as ``own``."""
    schema: Schema = assembly.bare(annotated(name, version))
    return schema


def common(version: int | None = None) -> list[Schema]:
    """Give what events share: the named types, and last the envelope; the newest version when none is asked for."""
    number = version or max(int(path.stem[1:]) for path in ROOT.glob("common/v*.avsc"))
    found: list[Schema] = json.loads(ROOT.joinpath("common", f"v{number}.avsc").read_text("utf-8"))
    return found


def examples(name: str, version: int) -> dict[str, dict[str, Any]]:
    """Give the examples of a version: title → record, with ISO dates and base64 bytes (see ``conversion``)."""
    files = sorted(_folder(name, version).glob("examples/*.json"))
    return {path.stem: json.loads(path.read_text("utf-8")) for path in files}


def owner(name: str) -> str:
    """Give the team that settles how a record evolves.

    Raises:
        KeyError: nobody owns that record.
    """
    return str(own(name)["responsable"])


def _folder(name: str, version: int) -> Path:
    return ROOT / name / f"v{version}"
