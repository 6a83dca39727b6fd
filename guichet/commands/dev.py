"""``bus dev``: the whole bus on one machine: start, look, stop."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from guichet.output import data_option, emit, json_option, note, table


@click.group()
def dev() -> None:
    """La plateforme locale : Kafka, registre de schémas, PostgreSQL et tous les rôles du bus."""


@dev.command()
@data_option
@click.option("--platform-only", is_flag=True, help="Kafka, registre et base, sans les rôles.")
@click.option("-d", "--detach", is_flag=True, help="Rend la main quand tout est prêt.")
@click.option("--observe", is_flag=True, help="Démarre aussi Prometheus, s’il est installé, avec nos alertes.")
@click.option("--kafka-port", type=click.IntRange(1, 65535), help="Port du broker ; libre et gardé par défaut.")
@click.option("--registry-port", type=click.IntRange(1, 65535), help="Port du registre ; libre et gardé par défaut.")
def up(  # noqa: PLR0913 - one parameter per option
    data_dir: Path | None,
    kafka_port: int | None,
    registry_port: int | None,
    *,
    platform_only: bool,
    detach: bool,
    observe: bool,
) -> None:
    """Démarre tout et y reste ; Ctrl-C ou « bus dev down » arrête, les données restent."""
    if observe and platform_only:
        raise click.UsageError("--observe n’a rien à lire avec --platform-only")
    if detach:
        _detach(data_dir, observe=observe)
        return
    from guichet.usecases import dev as usecase

    given = {name: port for name, port in (("kafka", kafka_port), ("registre", registry_port)) if port is not None}
    wanted = usecase.Wanted(given, roles=not platform_only, observed=observe)
    usecase.up(usecase.located(data_dir), wanted, note)


@dev.command()
@data_option
@json_option
def status(data_dir: Path | None, *, as_json: bool) -> None:
    """Montre ce qui tourne vraiment ; code de sortie 0 quand tout est prêt, 1 sinon."""
    from guichet.usecases import dev as usecase

    found, ready = usecase.status(usecase.located(data_dir))
    emit(found, as_json=as_json, text=lambda: _text(found))
    if not ready:
        sys.exit(1)  # click returns its own Exit instead of raising it when it does not stand alone


@dev.command()
@data_option
def down(data_dir: Path | None) -> None:
    """Arrête les rôles puis la plateforme, et attend la fin."""
    from guichet.usecases import dev as usecase

    usecase.down(usecase.located(data_dir))
    note("arrêté")


def _detach(data_dir: Path | None, *, observe: bool) -> None:
    from guichet.usecases import dev as usecase

    settings = usecase.located(data_dir)
    written = usecase.detach(settings, [one for one in sys.argv[1:] if one not in ("-d", "--detach")])
    if isinstance(written, usecase.StoppedEarly):
        note(written.said)
        sys.exit(written.code)
    if observe:
        note(usecase.told_observed(written.get("observation", {}).get("prometheus", {}).get("url")))
    note(f"prêt ; « bus dev down » arrête tout (journaux dans {usecase.log_of(settings).parent})")


def _text(found: Mapping[str, Any]) -> str:
    rows = [
        {"nom": name, "pid": server["pid"], "pret": _yes(server["pret"]), "adresse": next(iter(server.values()))}
        for name, server in found["plateforme"].items()
    ]
    rows += [
        {"nom": role["role"], "pid": role["pid"], "pret": _yes(role["pret"]), "adresse": role["metrics"]}
        for role in found["roles"]
    ]
    rows += [
        {"nom": name, "pid": one["pid"], "pret": _yes(one["pret"]), "adresse": one["url"]}
        for name, one in found.get("observation", {}).items()
    ]
    return f"{found['donnees']}\n{table(rows, ['nom', 'pid', 'pret', 'adresse'])}"


def _yes(ready: object) -> str:
    return "oui" if ready else "non"
