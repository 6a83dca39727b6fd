"""Who is behind a subject: look-up digests, wrapped keys, and the register of those who must not come back."""

import os
from collections.abc import Iterable

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


def erased_roles(conn: psycopg.Connection, pepper: Pepper, places: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Give the (dossier, role) that the register knows as an erased person's, among those named."""
    digests = {pepper.erased_role(dossier, role): (dossier, role) for dossier, role in places}
    found = conn.execute(
        "select digest from vault.erased where kind = 'dossier_role' and digest = any(%s)", (list(digests),)
    )
    return {digests[bytes(digest)] for (digest,) in found}


def erase(conn: psycopg.Connection, pepper: Pepper, subject_id: str) -> bool:
    """Destroy the keys and links of a subject and enter them in the register, in the caller's transaction.

    Returns:
        False when nothing was left to destroy: asking twice changes nothing.
    """
    links = conn.execute(
        "delete from vault.link where subject_id = %s returning kind, digest", (subject_id,)
    ).fetchall()
    conn.cursor().executemany(
        "insert into vault.erased (kind, digest) values (%s, %s) on conflict do nothing",
        [(kind, pepper.erased(kind, bytes(digest))) for kind, digest in links],
    )
    keys = conn.execute("delete from vault.key where subject_id = %s", (subject_id,)).rowcount
    conn.execute("delete from vault.subject where subject_id = %s", (subject_id,))
    return bool(links or keys)
