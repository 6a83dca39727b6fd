"""The name of a person for one organisation: stable there, related to no other organisation's."""

import hashlib
import hmac
from functools import lru_cache
from pathlib import Path
from typing import Final

from bus.errors import Misconfigured

_FILE: Final = "pseudonyme"
_HEX: Final = 24
_MISSING: Final = "le secret pseudonyme manque : indiquez BUS_SECRETS_DIR (secrets/deliver)"


class Pseudonyms:
    """Gives pseudonyms under the key that only the role ``deliver`` holds."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._of = lru_cache(maxsize=1024)(self._derive)

    @classmethod
    def load(cls, secrets_dir: Path | None) -> "Pseudonyms":
        """Read ``pseudonyme``.

        Raises:
            Misconfigured: the folder or the file is missing.
        """
        if secrets_dir is None:
            raise Misconfigured(_MISSING)
        try:
            key = (secrets_dir / _FILE).read_bytes()
        except OSError as error:
            raise Misconfigured(_MISSING) from error
        if not key:
            raise Misconfigured("le secret pseudonyme est vide")
        return cls(key)

    def of(self, organisation: str, subject_id: str) -> str:
        """Give ``p-`` and 24 hexadecimal digits."""
        digest = hmac.digest(self._of(organisation), subject_id.encode(), hashlib.sha256)
        return "p-" + digest.hex()[:_HEX]

    def _derive(self, organisation: str) -> bytes:
        return hmac.digest(self._key, b"insertion-bus/pseudonyme/1\x1f" + organisation.encode(), hashlib.sha256)
