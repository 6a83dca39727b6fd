"""The data folder that a release left behind, kept in tests/releases: how it was fed, packed, and is opened again.

The world is invented anew from its seed by the present `bus synth`; the manifest holds the digests of the files that
the release was fed with, so that a changed invention is noticed instead of read as a defect.
"""

import hashlib
import json
import lzma
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.oracle import Told, told, who_is_who
from helpers.stores import Piece
from helpers.subscribers import Subscriber
from helpers.system import World, synth

RELEASES = Path(__file__).resolve().parents[1] / "releases"
SEED, HOUSEHOLDS, MONTHS = 11, 40, 3
LAST_DAY = "2026-03-10"
"""The last month's first days are enough: its monthly file, some dailies, a contact file."""
SERVED = Subscriber("cd-52", ("52",))
ABSENT = Subscriber("absent-52", ("52",))
"""Had no receiver under the old release: everything it is owed waits in the ledger."""
LEFT_OUT = {"ports.json", "plateforme.json", "depot", "journaux", "processus", "artifacts"}
"""What belongs to the machine and not to the data, and the clear files that were dropped."""
NOT_DATA = {"LOG", "LOCK", "postmaster.opts", "postmaster.pid", "server.properties"}
"""Files that the servers write again at each start; they name the machine."""


@dataclass(frozen=True)
class Release:
    """One packed data folder and what is known of it."""

    version: str
    files: dict[str, str]
    """name → SHA-256 of the files it was fed with"""
    received: list[dict[str, Any]]
    """what the served receiver had: `webhook_id`, `subject`, `sequence`, `fait` (person, type, date, authority)"""

    @property
    def archive(self) -> Path:
        return RELEASES / f"{self.version}.tar.xz"

    @property
    def manifest(self) -> Path:
        return RELEASES / f"{self.version}.json"

    @property
    def contract(self) -> Path:
        """Its ``RELEASED.toml``: what no later commit may take back."""
        return RELEASES / f"{self.version}.contrat.toml"

    def open_in(self, folder: Path) -> Path:
        """Unpack the data folder; gives it."""
        with lzma.open(self.archive) as packed, tarfile.open(fileobj=packed) as tar:
            safely: dict[str, Any] = {"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}  # 3.11.2 has none
            tar.extractall(folder / "bus", **safely)  # noqa: S202 - our own archive
        return folder / "bus"

    def pieces(self) -> Iterator[Piece]:
        """Give every file of the archive."""
        with lzma.open(self.archive) as packed, tarfile.open(fileobj=packed) as tar:
            for entry in tar:
                content = tar.extractfile(entry)
                if content is not None:
                    yield entry.name, content.read()

    def facts(self) -> Counter[Told]:
        return Counter((f[0], f[1], f[2], f[3]) for f in (line["fait"] for line in self.received))


def released() -> list[Release]:
    """Give the releases that must still open, oldest first."""
    return [Release(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted(RELEASES.glob("*.json"))]


def pack(release: Release, data: Path) -> None:
    """Write archive and manifest; the database and the topics as a crash has left them."""

    def kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        path = Path(entry.name)
        machine = path.name in NOT_DATA or path.name.startswith("LOG.") or not {*path.parts[:1]}.isdisjoint(LEFT_OUT)
        return None if machine or not (entry.isfile() or entry.isdir()) else _anonymous(entry)

    RELEASES.mkdir(exist_ok=True)
    with (
        lzma.open(release.archive, "wb", preset=9 | lzma.PRESET_EXTREME) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        tar.add(data, arcname=".", filter=kept)
    text = json.dumps(vars(release), ensure_ascii=False, indent=1, sort_keys=True)
    release.manifest.write_text(text + "\n", encoding="utf-8")


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def invented(folder: Path) -> World:
    """Invent the world of the release again, up to its last day."""
    world = synth(folder, authorities=["52"], households=HOUSEHOLDS, months=MONTHS, seed=SEED, options=[])
    files = [file for file in world.truth["fichiers"] if file["jour"] <= LAST_DAY]
    names = {file["nom"] for file in files}
    events = [event for event in world.truth["evenements"] if event["fichier"] in names]
    return World(world.folder, world.truth | {"fichiers": files, "evenements": events})


def halves(world: World) -> tuple[list[list[Path]], list[list[Path]]]:
    """Give the days that the old release sees and those that the new one does: the last month."""
    days = world.days(SEED)
    last = max(file["jour"] for file in world.truth["fichiers"])[:7]
    later = {world.folder / file["nom"] for file in world.truth["fichiers"] if file["jour"].startswith(last)}
    return [day for day in days if not later & {*day}], [day for day in days if later & {*day}]


def digests(days: list[list[Path]]) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for day in days for file in day}


def summary(lines: list[dict[str, Any]], truth: dict[str, Any]) -> list[dict[str, Any]]:
    """Keep of what a receiver got no more than the checks need: nothing of a person."""
    people = who_is_who(truth)
    return [
        {
            "webhook_id": line["webhook_id"],
            "subject": line["corps"]["subject"],
            "sequence": line["corps"]["sequence"],
            "fait": list(next(iter(told([line["corps"]], people)))),
        }
        for line in lines
    ]
