"""``bus demo``: the whole path on invented people, from a fresh folder to the page that tells what happened."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import click

from bus.errors import Refused
from guichet.output import data_option, emit, note


@click.command()
@data_option
@click.option("--households", default=120, show_default=True, type=click.IntRange(1), help="Foyers par autorité.")
@click.option("--months", default=2, show_default=True, type=click.IntRange(2, 12), help="Mois de la vie inventée.")
@click.option("--seed", default=1, show_default=True, help="Graine du monde.")
@click.option("--stay/--no-stay", default=True, help="Laisser tourner jusqu’à Ctrl-C (par défaut), ou tout arrêter.")
def demo(data_dir: Path | None, households: int, months: int, seed: int, *, stay: bool) -> None:
    """Montre tout le chemin : des fichiers de caisses inventés aux webhooks signés, et ce que cela change."""
    from guichet.usecases.demo import InventedWorld, play, stage

    false: list[str] = []
    with stage(data_dir) as scene, _ended_by_signals():
        found = play(scene, InventedWorld(households, months, seed), note)
        emit(None, as_json=False, text=found.page)
        false += found.false
        if stay:
            note("La plateforme tourne. Ctrl-C arrête tout.")
            threading.Event().wait()
    if false:
        raise Refused("les nombres mesurés ne sont pas ceux des vies inventées")


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end what is inside quietly: what comes after stops everything."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        note("arrêt…")
    finally:
        signal.signal(signal.SIGTERM, before)
