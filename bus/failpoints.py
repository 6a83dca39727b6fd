"""Named places where a test may kill the process, inert in production.

A token is a file ``<name>@<count>#<n>`` in ``BUS_FAILPOINTS_DIR``: the process that passes ``name`` for the
``count``-th time takes the token (unlink is atomic, so one token kills one process), adds the name to ``hits.log``
and kills itself.
"""

import os
import signal
from collections import Counter
from pathlib import Path

_folder = os.environ.get("BUS_FAILPOINTS_DIR")
_passed: Counter[str] = Counter()


def hit(name: str) -> None:
    """Die here, at once and without clean-up, if a test has asked for it."""
    if _folder is not None:
        _claim(Path(_folder), name)


def _claim(folder: Path, name: str) -> None:
    _passed[name] += 1
    for token in sorted(folder.glob(f"{name}@*")):
        if _passed[name] < int(token.name.split("@")[1].split("#")[0]):
            continue
        try:
            token.unlink()
        except FileNotFoundError:  # another process took it
            continue
        with (folder / "hits.log").open("a", encoding="ascii") as log:
            log.write(f"{name}\n")
        os.kill(os.getpid(), signal.SIGKILL)
