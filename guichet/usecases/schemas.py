"""The contract and the registry: put the one into the other, show what both hold."""

from collections.abc import Mapping
from dataclasses import dataclass

import avro_schemas
from bus.errors import Misconfigured
from bus.registry import Registry, apply_contract
from bus.registry_mode import FULL_TRANSITIVE
from bus.settings import Settings


@dataclass(frozen=True, slots=True)
class SchemaId:
    """A schema as the registry has it."""

    schema: str
    version: int
    id: int


@dataclass(frozen=True, slots=True)
class SchemaRow:
    """A schema of the contract, of the registry, or of both; one out of the contract has no owner."""

    schema: str
    versions: list[int]
    registre: list[int]
    responsable: str | None
    doc: str | None


@dataclass(frozen=True, slots=True)
class SchemasApplied:
    """The mode of the registry, and what it now holds of the contract."""

    compatibilite: str
    schemas: list[SchemaId]


@dataclass(frozen=True, slots=True)
class SchemasFound:
    """The mode of the registry, and every schema."""

    compatibilite: str
    schemas: list[SchemaRow]


def apply(settings: Settings) -> SchemasApplied:
    """Register every schema, under FULL_TRANSITIVE; no effect on those that are there.

    Raises:
        Misconfigured: there is no registry, or it refuses a schema.
        Unavailable: it does not answer.
    """
    registered = apply_contract(_registry(settings))
    return SchemasApplied(FULL_TRANSITIVE, [SchemaId(one.subject, one.version, one.schema_id) for one in registered])


def listed(settings: Settings) -> SchemasFound:
    """Join the contract and the registry on the name.

    Raises:
        Misconfigured: there is no registry.
        Unavailable: it does not answer.
    """
    registry = _registry(settings)
    return SchemasFound(registry.mode(), _rows(registry.subjects()))


def _rows(registered: Mapping[str, list[int]]) -> list[SchemaRow]:
    ours = [
        SchemaRow(
            name,
            list(avro_schemas.versions(name)),
            registered.get(name, []),
            avro_schemas.owner(name),
            avro_schemas.read(name)["doc"],
        )
        for name in avro_schemas.names()
    ]
    known = {one.schema for one in ours}
    return [
        *ours,
        *(SchemaRow(name, [], versions, None, None) for name, versions in registered.items() if name not in known),
    ]


def _registry(settings: Settings) -> Registry:
    if settings.registry_url is None:
        raise Misconfigured("Aucun registre : lancez « bus dev up », ou donnez BUS_REGISTRY_URL.")
    return Registry(settings.registry_url)
