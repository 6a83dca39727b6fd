"""The secrets of subscriptions: one file each, one ``whsec_…`` per line, current first, read again when it changes.

While a secret rotates (7 days) the file holds two lines: each delivery is signed with both, so that the receiver may
change whenever it likes in between. Nobody restarts anything.
"""

from pathlib import Path
from typing import Final, TypeAlias

from bus import signature
from bus.errors import Misconfigured
from bus.telemetry.logs import get_logger

log = get_logger()

_LIVE: Final = 4  # secrets that a file may hold: more is a mistake, and every header would carry them

_Stamp: TypeAlias = tuple[str, int, int, int]
"""Name, inode, nanoseconds of the last change, and size of a file as it was read."""


class Secrets:
    """Gives the live secrets by subscription; asked every second, reads only what changed."""

    def __init__(self, secrets_dir: Path | None) -> None:
        self._folder = None if secrets_dir is None else secrets_dir / "abonnements"
        self._read: dict[str, tuple[_Stamp, tuple[bytes, ...]]] = {}
        self._missing: set[str] = set()

    def of(self, subscription_id: str, file_name: str) -> tuple[bytes, ...]:
        """Give the secrets to sign with, current first; none when the file is missing or not a list of secrets."""
        try:
            found = self._fresh(subscription_id, file_name)
        except (OSError, UnicodeDecodeError, Misconfigured):
            if subscription_id not in self._missing:  # looked for every second, told once
                log.warning("subscription secret not readable", subscription=subscription_id)
            self._missing.add(subscription_id)
            self._read.pop(subscription_id, None)
            return ()
        self._missing.discard(subscription_id)
        return found

    def _fresh(self, subscription_id: str, file_name: str) -> tuple[bytes, ...]:
        if self._folder is None:
            raise Misconfigured("aucun dossier de secrets : indiquez BUS_SECRETS_DIR")
        path = self._folder / file_name
        state = path.stat()
        stamp = (file_name, state.st_ino, state.st_mtime_ns, state.st_size)
        known = self._read.get(subscription_id)
        if known is not None and known[0] == stamp:
            return known[1]
        found = parse(path.read_text("ascii"))
        self._read[subscription_id] = (stamp, found)
        return found


def parse(text: str) -> tuple[bytes, ...]:
    """Read the lines of a secret file.

    Raises:
        Misconfigured: no secret, too many, or a line that is none; the message never shows it.
    """
    found = tuple(signature.secret(line) for line in text.splitlines() if line.strip())
    if not 0 < len(found) <= _LIVE:
        raise Misconfigured(f"attendu de 1 à {_LIVE} secrets, un par ligne")
    return found
