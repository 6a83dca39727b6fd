"""A contract as its folder holds it, each version beside what it was assembled from. Nothing wrong in it raises."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from avro_schemas import OWN, SEALED, assembly
from avro_schemas.gates.files import UNREADABLE, TomlTable, json_of, strays, table_of
from avro_schemas.gates.finding import Finding, Rule
from avro_schemas.named import Schema, full_name

VERSION: Final = re.compile("v([1-9][0-9]*)")
COMMON: Final = "common"
RELEASED: Final = "RELEASED.toml"
ANCHOR: Final = ".contrat.toml"
ANCHORS: Final = f"tests/releases/*{ANCHOR}"
Common: TypeAlias = Mapping[int, list[Schema]]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a record: ``own`` as its file says it, ``schema`` as Avro gets it; any JSON, like ``samples``."""

    name: str
    number: int
    own: Any
    schema: Schema
    samples: Mapping[str, Any]

    def __str__(self) -> str:
        """Give how messages call it."""
        return f"{self.name} v{self.number}"

    @property
    def is_event(self) -> bool:
        """Tell an event, which has the envelope, from a sealed part."""
        return not self.name.startswith(SEALED)


@dataclass(frozen=True, slots=True)
class Contract:
    """All that a folder holds: versions by name then number, what events share, digests of what is released.

    ``anchors`` has, by release of the bus, the digests that were released with it: kept beside the data that it wrote,
    out of the folder; empty where there is only the folder.
    """

    versions: Mapping[str, Mapping[int, Version]]
    common: Common
    released: TomlTable
    anchors: Mapping[str, TomlTable]
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
    common = dict(_commons(root, faults))
    versions: dict[str, dict[int, Version]] = {}
    for folder in sorted(_records(root)):
        found = {one.number: one for one in _versions(folder, common, faults)}
        if found:
            versions[folder.name] = dict(sorted(found.items()))
    anchors = {
        path.name.removesuffix(ANCHOR): table_of(path, faults) for path in sorted(root.resolve().parent.glob(ANCHORS))
    }
    return Contract(versions, common, table_of(root / RELEASED, faults), anchors, tuple(faults))


def _commons(root: Path, faults: list[Finding]) -> Iterator[tuple[int, list[Schema]]]:
    """Give the versions of what events share; one that is no list of named types is told here, once for all types."""
    for path in sorted(root.glob(f"{COMMON}/v*.avsc")):
        found = json_of(path, f"{COMMON} {path.stem}", Rule.LISIBLE, faults)
        if found is UNREADABLE or (match := VERSION.fullmatch(path.stem)) is None:
            continue
        try:
            known = {full_name(one): one["fields"] if one["type"] == "record" else [] for one in found}
        except (KeyError, TypeError):
            known = {}
        if assembly.EVENT in known:
            yield int(match[1]), found
        else:
            fault = f"ce n’est pas une liste de types nommés que termine {assembly.EVENT}"
            faults.append(Finding(f"{COMMON} {path.stem}", fault, Rule.LISIBLE, f"Corrigez {path.name}"))


def _records(root: Path) -> Iterator[Path]:
    """Every folder is a record's, but those of the code and of what records share."""
    for path in root.iterdir():
        code = path.name.startswith((".", "__")) or path.joinpath("__init__.py").exists()
        if path.is_dir() and not code and path.name != COMMON:
            yield path


def _versions(folder: Path, common: Common, faults: list[Finding]) -> Iterator[Version]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        match = VERSION.fullmatch(path.name)
        if match is None or not path.joinpath(OWN).is_file():
            remedy = f"Une version est un dossier v<n> avec {OWN} et examples/"
            faults.append(Finding(f"{folder.name}/{path.name}", "ce n’est pas une version", Rule.DOSSIER, remedy))
            continue
        faults += strays(folder.name, path, OWN)
        place = f"{folder.name} {path.name}"
        own = json_of(path / OWN, place, Rule.LISIBLE, faults)
        samples = {
            one.stem: json_of(one, f"{place}, exemple « {one.stem} »", Rule.EXEMPLE, faults)
            for one in sorted(path.glob("examples/*.json"))
        }
        if own is not UNREADABLE and (schema := _whole(folder.name, place, own, common, faults)) is not UNREADABLE:
            yield Version(folder.name, int(match[1]), own, schema, samples)


def _whole(name: str, place: str, own: Any, common: Common, faults: list[Finding]) -> Any:  # noqa: ANN401 - any JSON
    """Assemble a version; what is no record is left as it is, for the rules that say so."""
    fields = own.get("fields") if isinstance(own, dict) else None
    if not isinstance(fields, list) or not all(isinstance(one, dict) for one in fields):
        return own
    if not name.startswith(SEALED) and own.get("commun") not in [*common]:
        told = ", ".join(f"v{number}" for number in common)
        faults.append(Finding(place, "« commun » ne dit aucune version de common", Rule.ENVELOPPE, f"Écrivez {told}"))
        return UNREADABLE
    try:
        whole = assembly.part(own) if name.startswith(SEALED) else assembly.event(own, common[own["commun"]])
        return assembly.bare(whole)
    except (KeyError, TypeError, AttributeError):
        return own
