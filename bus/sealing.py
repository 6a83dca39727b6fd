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


class UnknownEpoch(Misconfigured):
    """A key is wrapped under an epoch that the folder of secrets does not hold: not there yet, or destroyed."""


@dataclass(slots=True)
class KekRing:
    """The key-encryption keys by epoch. Any of them unwraps; the vault says which one wraps (``bus.vault.epochs``).

    A ring read from a folder reads it again when it lacks an epoch: a rotation may have brought it meanwhile.
    """

    keys: Mapping[int, bytes] = field(repr=False)
    folder: Path | None = None

    @classmethod
    def load(cls, secrets_dir: Path | None) -> Self:
        """Read ``kek.<epoch>`` files; one that is still being copied does not count.

        Raises:
            Misconfigured: no folder, no key in it, or one that does not let itself be read.
        """
        found = _read(secrets_dir) if secrets_dir else {}
        if not found:
            raise Misconfigured(
                "aucune clé de chiffrement (kek.<époque>) :"
                " démarrez la plateforme (bus dev up) ou indiquez BUS_SECRETS_DIR"
            )
        return cls(found, secrets_dir)

    @property
    def epoch(self) -> int:
        """The newest epoch held."""
        return max(self.keys)

    def holds(self, epoch: int, fingerprint: bytes | None = None) -> bool:
        """Tell whether the ring, or its folder now, has an epoch: the key of that fingerprint, if one is named."""
        if not self._has(epoch, fingerprint):
            self.reload()
        return self._has(epoch, fingerprint)

    def _has(self, epoch: int, fingerprint: bytes | None) -> bool:
        secret = self.keys.get(epoch)
        return secret is not None and fingerprint in (None, mark(secret))

    def reload(self) -> None:
        """Read the folder again; a ring that would be left without any key keeps those it has."""
        if self.folder is not None and (found := _read(self.folder)):
            self.keys = found

    def fingerprint(self, epoch: int) -> bytes:
        """Give 16 bytes that prove which key is held, and help nobody to find it."""
        return mark(self._secret(epoch))

    def wrap(self, key: DataKey, epoch: int | None = None) -> tuple[int, bytes]:
        """Encrypt a data key under an epoch, the newest of the ring when none is named; gives (epoch, bytes).

        Raises:
            UnknownEpoch: as for ``unwrap``.
        """
        chosen = self.epoch if epoch is None else epoch
        nonce = os.urandom(_NONCE)
        return chosen, nonce + AESGCM(self._secret(chosen)).encrypt(nonce, key.secret, key.key_id.encode())

    def unwrap(self, key_id: str, epoch: int, wrapped: bytes) -> DataKey:
        """Open a wrapped key.

        Raises:
            UnknownEpoch: the epoch is not in the ring, nor in its folder now.
            Misconfigured: the ring is another's.
        """
        secret = self._secret(epoch)
        try:
            return DataKey(key_id, AESGCM(secret).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], key_id.encode()))
        except InvalidTag as error:
            raise Misconfigured(f"la clé de l’époque {epoch} n’est pas celle qui a protégé le coffre") from error

    def _secret(self, epoch: int) -> bytes:
        if not self.holds(epoch) or (secret := self.keys.get(epoch)) is None:
            raise UnknownEpoch(f"la clé de l’époque {epoch} (kek.{epoch}) manque dans le dossier des secrets")
        return secret


def mark(secret: bytes) -> bytes:
    """Give the fingerprint of a KEK."""
    return hmac.digest(secret, b"insertion-bus/kek/1", hashlib.sha256)[:_FINGERPRINT]


def _read(folder: Path) -> dict[int, bytes]:
    """Read the whole keys of a folder; files come and go while a rotation runs.

    Raises:
        Misconfigured: one does not let itself be read.
    """
    found: dict[int, bytes] = {}
    for file in folder.glob("kek.*"):
        if file.suffix[1:].isdecimal():
            try:
                found[int(file.suffix[1:])] = file.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise Misconfigured(
                    f"{file} ne se lit pas : attendu un fichier de 32 octets que cet utilisateur peut lire"
                ) from error
    return {epoch: secret for epoch, secret in found.items() if len(secret) == _KEY}
