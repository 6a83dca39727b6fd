"""Standard Webhooks signatures (HMAC-SHA-256, ``v1``): sign what leaves, check what arrives.

Our own thirty lines rather than the reference library: it shifts naive timestamps and has no pre-keyed path; the
published vectors are tested both ways.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable
from typing import Final

from bus.errors import Misconfigured

PREFIX: Final = "whsec_"
TOLERANCE: Final = 300  # seconds, both ways: Standard Webhooks 1.0.0


def secret(text: str) -> bytes:
    """Read a secret, written ``whsec_`` and base64, with or without padding.

    Raises:
        Misconfigured: empty, or not base64; the message never shows it.
    """
    encoded = text.strip().removeprefix(PREFIX)
    try:
        octets = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Misconfigured("secret de signature illisible : attendu whsec_ suivi de base64") from error
    if not octets:
        raise Misconfigured("secret de signature vide")
    return octets


def sign(key: bytes, webhook_id: str, timestamp: int, body: bytes) -> str:
    """Give one ``v1,…`` entry over exactly the bytes sent; ``timestamp`` is the attempt's, in seconds."""
    signed = b"%b.%d.%b" % (webhook_id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def verify(keys: Iterable[bytes], headers: tuple[str, str, str], body: bytes, *, now: float) -> bool:
    """Tell whether one of the entries was signed by one of the keys, at most five minutes from ``now``.

    Args:
        keys: the live secrets.
        headers: ``webhook-id``, ``webhook-timestamp``, ``webhook-signature`` as received.
        body: the bytes received.
        now: seconds since 1970.
    """
    webhook_id, timestamp, entries = headers
    if not timestamp.isascii() or not timestamp.isdigit() or abs(now - int(timestamp)) > TOLERANCE:
        return False
    expected = [sign(key, webhook_id, int(timestamp), body) for key in keys]
    received = [entry for entry in entries.split(" ") if entry.startswith("v1,")]
    return any(hmac.compare_digest(one.encode(), other.encode()) for one in expected for other in received)
