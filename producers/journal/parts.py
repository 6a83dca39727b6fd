"""Sealed parts: what is readable about a person, encrypted under that person's key as soon as it has been read."""

from collections.abc import Mapping
from typing import Any, Final

from bus.codec import PART_VERSION, encode_part
from bus.sealing import DataKey, seal
from producers.journal.splicing import CLEAR_FIELDS

_BARE: Final = dict.fromkeys(CLEAR_FIELDS)

SealedPart = dict[str, Any]


def sealed(key: DataKey, sorte: str, content: Mapping[str, Any]) -> SealedPart:
    """Give a ``bus.partie_scellee`` record: the content in Avro, encrypted, and nothing of it in clear."""
    version = PART_VERSION[sorte]
    octets = seal(key, sorte, version, encode_part(sorte, content))
    return {"sorte": sorte, "cle_id": key.key_id, "version_schema": version, "octets": octets, **_BARE}
