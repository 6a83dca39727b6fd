"""Who is behind a subject: look-up digests, wrapped keys, and the register of those who must not come back."""

import hashlib
import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import psycopg

from bus import epochs, kek_files
from bus.errors import Misconfigured
from bus.kek_files import draw
from bus.sealing import DataKey, KekRing

_SEPARATOR: Final = "\x1f"


@dataclass(frozen=True, slots=True)
class Pepper:
    """The secrets that turn an identifier into a digest: one for look-ups, one for the register of erasures."""

    lookup: bytes = field(repr=False)
    register: bytes = field(repr=False)

    @classmethod
    def load(cls, secrets_dir: Path | None) -> Self:
        """Read ``pepper`` and ``registre``.

        Raises:
            Misconfigured: the folder or a file is missing.
        """
        if secrets_dir is None:
            raise Misconfigured("aucun dossier de secrets : indiquez BUS_SECRETS_DIR")
        try:
            return cls((secrets_dir / "pepper").read_bytes(), (secrets_dir / "registre").read_bytes())
        except OSError as error:
            raise Misconfigured("les secrets pepper et registre manquent : indiquez BUS_SECRETS_DIR") from error

    def nir(self, nir13: str) -> bytes:
        """Give the look-up digest of a NIR of 13 characters."""
        return self._digest("nir", nir13)

    def civil(self, numdemrsa: str, role: str, date_naissance: str, sexe: str, prenom: str) -> bytes:
        """Give the look-up digest of a person without NIR: dossier, role and civil state."""
        return self._digest("civil", _SEPARATOR.join((numdemrsa, role, date_naissance, sexe, prenom.upper())))

    def dossier(self, numdemrsa: str) -> str:
        """Give the public key of a dossier (hexadecimal), the ``cle_dossier`` of its events."""
        return self._digest("dossier", numdemrsa)[:16].hex()

    def erased(self, kind: str, digest: bytes) -> bytes:
        """Give what the register keeps of a look-up digest: useless without the register's own key."""
        return hmac.digest(self.register, kind.encode() + b"\x1f" + digest, hashlib.sha256)

    def erased_role(self, dossier: str, role: str) -> bytes:
        """Give what the register keeps of who held a role in a dossier (its public key), kind ``dossier_role``."""
        return self.erased("dossier_role", f"{dossier}{_SEPARATOR}{role}".encode())

    def _digest(self, kind: str, value: str) -> bytes:
        return hmac.digest(self.lookup, f"{kind}{_SEPARATOR}{value}".encode(), hashlib.sha256)


def new_subject_id() -> str:
    """Draw a subject: 128 random bits, related to nothing."""
    return "s-" + os.urandom(16).hex()


def keys_of(conn: psycopg.Connection, ring: KekRing, subject_ids: Iterable[str]) -> dict[str, DataKey]:
    """Give the newest key of each subject that still has one."""
    query = (
        "select distinct on (subject_id) subject_id, key_id, epoch, wrapped from vault.key"
        " where subject_id = any(%s) order by subject_id, created_at desc"
    )
    return dict(epochs.opened(conn, ring, query, (list(subject_ids),)))


def keys_by_id(conn: psycopg.Connection, ring: KekRing, key_ids: Iterable[str]) -> dict[str, DataKey]:
    """Give the keys that still exist among those named; an erased person's key is simply absent."""
    query = "select key_id, key_id, epoch, wrapped from vault.key where key_id = any(%s)"
    return dict(epochs.opened(conn, ring, query, (list(key_ids),)))


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


def create_secrets(secrets_dir: Path) -> None:
    """Draw what a new deployment lacks: pepper, register key, pseudonym key, first KEK; existing files stay.

    ``ingest/`` and ``deliver/`` hold what each role needs and nothing more; files are readable by their owner only.
    """
    ingest, deliver = secrets_dir / "ingest", secrets_dir / "deliver"
    for folder in (secrets_dir, ingest, deliver, deliver / "abonnements"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("pepper", "registre"):
        draw(ingest / name)
    draw(deliver / "pseudonyme")
    if not list(ingest.glob("kek.*")):
        if list(deliver.glob("kek.*")):
            kek_files.copy_missing(deliver, ingest)  # lost on one side: another one would open nothing
        else:
            draw(ingest / "kek.1")
    kek_files.copy_missing(ingest, deliver)
