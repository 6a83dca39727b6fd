"""Encryption under one key per person, and the ring of key-encryption keys that protects those keys.

Blob of a sealed part: format version (1 byte) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag. Associated data:
format version, ``cle_id``, ``sorte``, ``version_schema``: a part may be copied into another event of the same person
and nowhere else.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bus.errors import InvalidEvent, Misconfigured
from bus.reasons import Reason

_FORMAT: Final = b"\x01"
_NONCE: Final = 12
_KEY: Final = 32
_FINGERPRINT: Final = 16


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key of one person (or of one spooled file); the secret is never shown."""

    key_id: str
    secret: bytes = field(repr=False)


def new_key() -> DataKey:
    """Draw a fresh 256-bit key with a random name."""
    return DataKey("k-" + os.urandom(12).hex(), os.urandom(_KEY))


def seal(key: DataKey, sorte: str, version: int, plaintext: bytes) -> bytes:
    """Encrypt one part of an event under the person's key."""
    nonce = os.urandom(_NONCE)
    return _FORMAT + nonce + AESGCM(key.secret).encrypt(nonce, plaintext, _associated(key.key_id, sorte, version))


def unseal(key: DataKey, sorte: str, version: int, octets: bytes) -> bytes:
    """Open one sealed part.

    Raises:
        InvalidEvent: ``scelle_illisible``: another key, another part, or altered bytes.
    """
    if octets[:1] != _FORMAT:
        raise InvalidEvent(Reason.SCELLE_ILLISIBLE, sorte)
    try:
        return AESGCM(key.secret).decrypt(
            octets[1 : 1 + _NONCE], octets[1 + _NONCE :], _associated(key.key_id, sorte, version)
        )
    except InvalidTag as error:
        raise InvalidEvent(Reason.SCELLE_ILLISIBLE, sorte) from error


def fingerprint(key: DataKey, kind: str, value: str) -> bytes:
    """Give 16 bytes that compare equal for equal values of one person, and mean nothing once the key is destroyed."""
    derived = hmac.digest(key.secret, b"insertion-bus/empreinte/1", hashlib.sha256)
    return hmac.digest(derived, f"{kind}\x1f{value}".encode(), hashlib.sha256)[:_FINGERPRINT]


def _associated(key_id: str, sorte: str, version: int) -> bytes:
    return b"%b|%b|%b|%d" % (_FORMAT, key_id.encode(), sorte.encode(), version)


@dataclass(frozen=True, slots=True)
class KekRing:
    """The key-encryption keys by epoch; the highest wraps, any of them unwraps."""

    keys: Mapping[int, bytes] = field(repr=False)

    @classmethod
    def load(cls, secrets_dir: Path | None) -> Self:
        """Read ``kek.<epoch>`` files.

        Raises:
            Misconfigured: no folder, or no key in it.
        """
        files = sorted(secrets_dir.glob("kek.*")) if secrets_dir else []
        if not files:
            raise Misconfigured("aucune clé de chiffrement (kek.<époque>) : indiquez BUS_SECRETS_DIR")
        return cls({int(file.suffix[1:]): file.read_bytes() for file in files})

    @property
    def epoch(self) -> int:
        """The epoch that wraps new keys."""
        return max(self.keys)

    def wrap(self, key: DataKey) -> tuple[int, bytes]:
        """Encrypt a data key under the current epoch; gives (epoch, bytes)."""
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(self.keys[self.epoch]).encrypt(nonce, key.secret, key.key_id.encode())
        return self.epoch, nonce + sealed

    def unwrap(self, key_id: str, epoch: int, wrapped: bytes) -> DataKey:
        """Open a wrapped key.

        Raises:
            Misconfigured: the epoch is not in the ring, or the ring is another's.
        """
        secret = self.keys.get(epoch)
        if secret is None:
            raise Misconfigured(f"la clé de l’époque {epoch} manque dans le dossier des secrets")
        try:
            return DataKey(key_id, AESGCM(secret).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], key_id.encode()))
        except InvalidTag as error:
            raise Misconfigured(f"la clé de l’époque {epoch} n’est pas celle qui a protégé le coffre") from error
