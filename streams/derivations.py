"""The rules by which the bus tells events of its own, and their list (docs/how-to/add-a-derived-event.md)."""

from typing import Final

from streams import derivation

DERIVATIONS: Final[tuple[derivation.Derivation, ...]] = (
    # in the order in which they speak
)
