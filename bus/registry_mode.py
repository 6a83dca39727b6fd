"""The one mode under which our schemas may live in a registry, and what refuses any other at start."""

from contextlib import suppress
from typing import Final, Protocol

import avro_schemas
from bus.errors import Misconfigured, Unavailable

FULL_TRANSITIVE: Final = "FULL_TRANSITIVE"


class Modes(Protocol):
    """What is asked of a registry (``bus.registry.Registry``)."""

    def names(self) -> list[str]:
        """Give the subjects of the registry."""

    def mode(self, subject: str | None = None) -> str:
        """Give the mode that the registry enforces, in general or on one subject."""


def check_mode(registry: Modes) -> None:
    """Refuse to start before a registry that would let an incompatible schema in, generally or for one record of ours.

    A registry that does not answer is not refused: the schemas kept on disk are enough to go on.

    Raises:
        Misconfigured: it applies another mode; the message names the subject and the remedy.
    """
    with suppress(Unavailable):
        refuse_lax(registry)


def refuse_lax(registry: Modes) -> None:
    """Raise what ``check_mode`` raises, and ``Unavailable``."""
    if (mode := registry.mode()) != FULL_TRANSITIVE:
        raise Misconfigured(_other_mode(mode, ""))
    for subject, mode in lax(registry).items():
        raise Misconfigured(_other_mode(mode, f" à {subject}"))


def lax(registry: Modes) -> dict[str, str]:
    """Give our subjects that the registry holds under a mode of their own, and that mode."""
    ours = set(avro_schemas.names())
    modes = {subject: registry.mode(subject) for subject in registry.names() if subject in ours}
    return {subject: mode for subject, mode in modes.items() if mode != FULL_TRANSITIVE}


def _other_mode(mode: str, where: str) -> str:
    return f"Le registre applique {mode}{where} au lieu de {FULL_TRANSITIVE} : lancez « bus schemas apply »."
