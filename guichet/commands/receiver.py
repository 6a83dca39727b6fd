"""``bus receiver``: a real receiver of webhooks, for demonstrations, tests, and partners who want to see one."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from guichet.output import note

if TYPE_CHECKING:
    from guichet.usecases.receiver import Reception


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), required=True, help="Port de bouclage ; 0 en prend un libre.")
@click.option(
    "--secret-file", "secret_files", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True,
    multiple=True, help="Fichier des secrets partagés (whsec_…, un par ligne).",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="Fichier JSONL où garder ce qui est reçu (mode 0600).")
@click.option("--status", type=click.IntRange(200, 599), help="Répondre toujours ce code, sans rien garder (essais).")
@click.option("--fail-rate", type=click.FloatRange(0, 1), default=0.0, help="Part de réponses 500 (essais).")
@click.option(
    "--delay", type=click.FloatRange(0), default=0.0, help="Attendre avant de répondre, en secondes (essais)."
)
def receiver(port: int, secret_files: tuple[Path, ...], out: Path | None, **misbehaviour: Any) -> None:  # noqa: ANN401 - what click parsed
    """Reçoit des webhooks : vérifie la signature et la séquence, reconnaît les doublons, garde ce qu’il a reçu.

    Ce qu’il garde est personnel et en clair, comme chez tout destinataire. GET / donne ses comptes ; SIGTERM l’arrête.
    """
    import uvloop

    from guichet.usecases.receiver import Behaviour, Reception

    if out is not None:
        note(f"ce récepteur garde des données personnelles en clair dans {out}")
    counts = uvloop.run(_until_told(Reception(port, secret_files, out, Behaviour(**misbehaviour))))
    click.echo(orjson.dumps(counts).decode())


async def _until_told(target: "Reception") -> dict[str, Any]:
    """Receive until SIGTERM or SIGINT."""
    from guichet.usecases.receiver import receive

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return await receive(target, stop, _told)


def _told(port: int) -> None:
    note(f"récepteur à l’écoute sur http://127.0.0.1:{port}/")
