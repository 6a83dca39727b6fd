"""``bus schemas``: put the contract into the registry, and show what both hold."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guichet.output import data_option, emit, json_option, note, table

if TYPE_CHECKING:
    from bus.registry import Registry


@click.group()
def schemas() -> None:
    """Le contrat : schémas des événements et des parties scellées."""


@schemas.command()
@data_option
@json_option
def apply(data_dir: Path | None, *, as_json: bool) -> None:
    """Enregistre tous les schémas dans le registre, en FULL_TRANSITIVE ; sans effet s’ils y sont déjà."""
    from bus.registry import apply_contract
    from bus.registry_mode import FULL_TRANSITIVE

    registered = apply_contract(_registry(data_dir))
    rows = [{"schema": one.subject, "version": one.version, "id": one.schema_id} for one in registered]
    note(f"Compatibilité du registre : {FULL_TRANSITIVE}.")
    emit(
        {"compatibilite": FULL_TRANSITIVE, "schemas": rows},
        as_json=as_json,
        text=lambda: f"{table(rows, ['schema', 'version', 'id'])}\n{len(rows)} schémas enregistrés.",
    )


@schemas.command()
@data_option
@json_option
def ls(data_dir: Path | None, *, as_json: bool) -> None:
    """Montre les schémas du contrat, leur responsable, et les versions que tient le registre."""
    registry = _registry(data_dir)
    rows = _rows(registry.subjects())
    columns = ["schema", "versions", "registre", "responsable", "doc"]
    emit({"compatibilite": registry.mode(), "schemas": rows}, as_json=as_json, text=lambda: table(rows, columns))


def _rows(registered: dict[str, list[int]]) -> list[dict[str, Any]]:
    """Join the contract and the registry on the name; a subject out of the contract shows without owner."""
    import avro_schemas

    ours = {
        name: {
            "schema": name,
            "versions": list(avro_schemas.versions(name)),
            "registre": registered.get(name, []),
            "responsable": avro_schemas.owner(name),
            "doc": avro_schemas.read(name)["doc"],
        }
        for name in avro_schemas.names()
    }
    foreign = {
        name: {"schema": name, "versions": [], "registre": versions, "responsable": None, "doc": None}
        for name, versions in registered.items()
        if name not in ours
    }
    return [*ours.values(), *foreign.values()]


def _registry(data_dir: Path | None) -> "Registry":
    from bus.errors import Misconfigured
    from bus.registry import Registry
    from bus.settings import Settings

    url = Settings.load(data_dir).registry_url
    if url is None:
        raise Misconfigured("Aucun registre : lancez « bus dev up », ou donnez BUS_REGISTRY_URL.")
    return Registry(url)
