"""A subscriber on this machine: the text of its subscription and its secret, for demonstrations and measurements."""

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

EVERYTHING: Final = ("rsa.*", "adresse.changee", "contact.mis_a_jour")
PROFILE: Final = 'profil = "cd"'

_SUBSCRIPTION: Final = """
organisation = "{name}"

[[abonnement]]
id = "{name}"
types = [{types}]
territoire = [{territory}]
{fields}
finalite = "Prendre contact avec les nouveaux entrants et organiser leur orientation"
base_legale = "CASF L262-29"
debut = 2020-01-01T00:00:00+01:00
fin = 2040-01-01T00:00:00+01:00
stock = "non"
poison = "bloquer"
contact_technique = "si@departement.example"

[abonnement.destination]
genre = "webhook"
url = "http://127.0.0.1:{port}/bus"
secret_fichier = "{secret}.secret"
"""


def subscription(  # noqa: PLR0913 - one keyword per thing that differs between two subscribers
    name: str,
    territory: Sequence[str],
    *,
    port: int,
    types: Sequence[str] = EVERYTHING,
    fields: str = PROFILE,
    shares: str | None = None,
) -> str:
    """Give the text that `bus subscription apply` reads, for a receiver listening on loopback.

    Args:
        name: of the organisation and of its only subscription.
        territory: authority codes.
        port: the receiver's.
        types: event types, or ``rsa.*``.
        fields: the line that says which fields it may have, a profile or a list.
        shares: whose secret it uses; its own by default.
    """
    return _SUBSCRIPTION.format(
        name=name, types=_list(types), territory=_list(territory), fields=fields, port=port, secret=shares or name
    )


def secret_file(data: Path, name: str) -> Path:
    """Give the file of a shared secret where the role deliver looks for it, drawn at the first call."""
    path = data / "secrets" / "deliver" / "abonnements" / f"{name}.secret"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text("whsec_" + base64.b64encode(os.urandom(32)).decode(), encoding="ascii")
    return path


def _list(texts: Sequence[str]) -> str:
    return ", ".join(f'"{text}"' for text in texts)
