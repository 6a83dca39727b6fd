"""The digests by which the adults of a household may be known."""

from collections.abc import Iterable

from bus.vault.links import Pepper
from producers.caisse.observation import Adult
from producers.journal.nir import valid_nir
from producers.journal.people import Candidate


def candidates(pepper: Pepper, numdemrsa: str, adults: Iterable[Adult]) -> list[Candidate]:
    """Give the digests of the adults of a household.

    A NIR written for two of them does not identify the second; nor does a civil state that two NIR share: two NIR are
    two people.
    """
    seen: set[str] = set()
    civils: set[bytes] = set()
    found: list[Candidate] = []
    for adult in adults:
        nir13 = valid_nir(adult.nir)
        if nir13 in seen:
            nir13 = None
        if nir13 is not None:
            seen.add(nir13)
        first = adult.prenoms[0] if adult.prenoms else ""
        civil = pepper.civil(numdemrsa, adult.role, adult.date_naissance or "", adult.sexe, first)
        shared = nir13 is not None and civil in civils
        civils.add(civil)
        found.append(Candidate(pepper.nir(nir13) if nir13 else None, None if shared else civil))
    return found
