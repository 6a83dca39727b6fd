"""Who is behind a subject: look-up digests, wrapped keys, and the register of those who must not come back."""

import os
from collections.abc import Iterable
from typing import NamedTuple

import psycopg

from bus.vault.links import Pepper


def new_subject_id() -> str:
    """Draw a subject: 128 random bits, related to nothing."""
    return "s-" + os.urandom(16).hex()


def subject_of_nir(conn: psycopg.Connection, pepper: Pepper, nir13: str) -> str | None:
    """Find the subject that a NIR leads to."""
    row = conn.execute(
        "select subject_id from vault.link where kind = 'nir' and digest = %s", (pepper.nir(nir13),)
    ).fetchone()
    return row[0] if row else None


def known(conn: psycopg.Connection, subject_id: str) -> bool:
    """Tell whether a subject is somebody who was not erased."""
    return conn.execute("select from vault.subject where subject_id = %s", (subject_id,)).fetchone() is not None


def erased_nir(conn: psycopg.Connection, pepper: Pepper, nir13: str) -> bool:
    """Tell whether the register knows a NIR as an erased person's."""
    digest = pepper.erased("nir", pepper.nir(nir13))
    row = conn.execute("select from vault.erased where kind = 'nir' and digest = %s", (digest,)).fetchone()
    return row is not None


def erased_roles(conn: psycopg.Connection, pepper: Pepper, places: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Give the (dossier, role) that the register knows as an erased person's, among those named."""
    digests = {pepper.erased_role(dossier, role): (dossier, role) for dossier, role in places}
    found = conn.execute(
        "select digest from vault.erased where kind = 'dossier_role' and digest = any(%s)", (list(digests),)
    )
    return {digests[bytes(digest)] for (digest,) in found}


def register_roles(conn: psycopg.Connection, pepper: Pepper, places: Iterable[tuple[str, str]]) -> None:
    """Enter places in the register: a row that names only dossier and role must not lead to the person again."""
    digests = [pepper.erased_role(dossier, role) for dossier, role in places]
    conn.execute(
        "insert into vault.erased (kind, digest) select 'dossier_role', unnest(%s::bytea[]) on conflict do nothing",
        (digests,),
    )


class Destroyed(NamedTuple):
    """How much of a subject was destroyed; nothing when it is asked for twice."""

    links: int
    keys: int


def erase(conn: psycopg.Connection, pepper: Pepper, subject_id: str) -> Destroyed:
    """Destroy the keys and links of a subject and enter the links in the register, in the caller's transaction."""
    links = conn.execute(
        "delete from vault.link where subject_id = %s returning kind, digest", (subject_id,)
    ).fetchall()
    conn.cursor().executemany(
        "insert into vault.erased (kind, digest) values (%s, %s) on conflict do nothing",
        [(kind, pepper.erased(kind, bytes(digest))) for kind, digest in links],
    )
    keys = conn.execute("delete from vault.key where subject_id = %s", (subject_id,)).rowcount
    conn.execute("delete from vault.subject where subject_id = %s", (subject_id,))
    return Destroyed(len(links), keys)
