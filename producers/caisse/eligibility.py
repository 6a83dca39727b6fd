"""``eligibilite-1``: who is subject to *droits et devoirs* (domain/lifecycle.md §4, settled in difference-rules.md)."""

from collections.abc import Iterable
from typing import Final

RULE: Final = "eligibilite-1"
# Payment suspended for these reasons only: the person is still expected to act.
ELIGIBLE_SUSPENSIONS: Final = frozenset({"01", "05", "06", "35", "36", "44", "70"})


def right_counts(etat: str, motifs_versement: Iterable[str]) -> bool:
    """Tell whether the right alone makes a person eligible.

    State 2 or 3; or 4 when it has reasons and *all* of them are in the list.

    >>> right_counts("4", ["06", "44"]), right_counts("4", ["06", "AB"]), right_counts("4", [])
    (True, False, False)
    """
    if etat == "4":
        motifs = tuple(motifs_versement)
        return bool(motifs) and all(motif in ELIGIBLE_SUSPENSIONS for motif in motifs)
    return etat in ("2", "3")


def eligible(etat: str, motifs_versement: Iterable[str], *, obligation: bool | None) -> bool:
    """Tell whether a person is subject to *droits et devoirs*.

    Args:
        etat: ETATDOSRSA.
        motifs_versement: MOTISUSVERSRSA of the household.
        obligation: TOPPERSDRODEVORSA, the previous one where the block is missing, None when never known.
    """
    return obligation is True and right_counts(etat, motifs_versement)
