"""Who is who: look-up digests resolved to subjects (design.md §9.3), new people drawn, erased people kept out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import psycopg

from bus.sealing import DataKey, new_key
from bus.vault.links import Pepper
from bus.vault.subjects import new_subject_id
from producers.journal import lookups
from producers.journal.lookups import Link
from producers.journal.staging import Staging

RULE: Final = "identite-1"


class Candidate(NamedTuple):
    """The digests by which a person may be known: NIR13 first, civil state in a dossier else."""

    nir: bytes | None
    civil: bytes | None


@dataclass(frozen=True, slots=True)
class Match:
    """Somebody known: links to add, and another subject that may be the same person."""

    subject_id: str
    links: tuple[Link, ...] = ()
    suspect: str | None = None


def match(candidate: Candidate, known: Mapping[Link, str]) -> Match | None:
    """Decide who a candidate is; None for somebody new.

    A NIR known leads to its subject. A new NIR on a person known by civil state links. A NIR that leads elsewhere than
    the civil state keeps both people apart, the dossier's own one stays, and the pair is told as suspect.
    """
    by_nir = known.get(("nir", candidate.nir)) if candidate.nir else None
    by_civil = known.get(("civil", candidate.civil)) if candidate.civil else None
    if by_civil is None:
        if by_nir is None:
            return None
        return Match(by_nir, (("civil", candidate.civil),) if candidate.civil else ())
    if by_nir is None:
        return Match(by_civil, (("nir", candidate.nir),) if candidate.nir else ())
    return Match(by_civil) if by_nir == by_civil else Match(by_civil, suspect=by_nir)


class People:
    """The people of one batch: known ones looked up together, new ones staged with their key."""

    def __init__(self, conn: psycopg.Connection, pepper: Pepper, staging: Staging) -> None:
        self._conn, self._pepper, self._staging = conn, pepper, staging
        self._links: dict[Link, str] = {}
        self._kept_out: set[Link] = set()
        self.new_keys: dict[str, DataKey] = {}

    def load(self, wanted: Iterable[Candidate]) -> None:
        """Look up every candidate of the batch; unknown ones are held against the register of erasures."""
        digests = {link for candidate in wanted for link in _links(candidate)}
        self._links = lookups.links(self._conn, digests)
        unknown = {self._register(link): link for link in digests if link not in self._links}
        held = lookups.erased(self._conn, unknown) if unknown else set()
        self._kept_out = {unknown[link] for link in held}

    def admit(self, candidate: Candidate) -> Match | None:
        """Stage what makes a candidate known: the links that are new, and for somebody new a subject and its key.

        Gives who it is; None for an erased person, of whom nothing is staged.
        """
        found = match(candidate, self._links)
        if found is None:
            if any(link in self._kept_out for link in _links(candidate)):
                return None
            found = Match(self._draw(), tuple(_links(candidate)))
        for kind, digest in found.links:
            self._links[kind, digest] = found.subject_id
            self._staging.add("staged_link", kind, digest, found.subject_id)
        return found

    def _draw(self) -> str:
        subject, key = new_subject_id(), new_key()
        self.new_keys[subject] = key
        self._staging.add("staged_subject", subject)
        self._staging.add_key("staged_key", key, subject)
        return subject

    def _register(self, link: Link) -> Link:
        kind, digest = link
        return kind, self._pepper.erased(kind, digest)


def _links(candidate: Candidate) -> list[Link]:
    found: list[Link] = []
    if candidate.nir:
        found.append(("nir", candidate.nir))
    if candidate.civil:
        found.append(("civil", candidate.civil))
    return found
