"""The whole path on invented people, on a platform of its own, which runs as long as somebody looks."""

from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path

from bus.settings import Settings
from guichet.demo.show import InventedWorld, Tell, run
from guichet.demo.stage import Scene

__all__ = ["InventedWorld", "Shown", "play", "stage"]


@dataclass(frozen=True, slots=True)
class Shown:
    """The page that tells what happened, and the numbers that are not those of the invented lives."""

    page: str
    false: list[str]


def stage(data_dir: Path | None) -> AbstractContextManager[Scene]:
    """Lend the stage of a demonstration, in ``<data>/demo``; everything on it stops at the end of the block."""
    base = Settings() if data_dir is None else Settings(data_dir=data_dir)
    artifacts = (base.artifacts_dir or base.data_dir / "artifacts").absolute()
    return closing(Scene((base.data_dir / "demo").absolute(), artifacts))


def play(scene: Scene, world: InventedWorld, tell: Tell) -> Shown:
    """Play the demonstration once; what it started runs on.

    Raises:
        Unavailable: a command failed, or nothing has moved for four minutes.
    """
    return Shown(*run(scene, world, tell))
