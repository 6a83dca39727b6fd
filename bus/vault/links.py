"""The digests under which people are looked up: useless without the pepper."""

import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from bus.errors import Misconfigured

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
