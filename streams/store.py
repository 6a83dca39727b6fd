"""The local store of one partition: persons by subject id, their due dates in order, and what it reflects.

All are written together or not at all. Due dates restate what persons say of theirs: the changelog holds no more than
persons, and a store without its index (written by 0.1.0, or by a release that orders it otherwise) is indexed when
opened.

One RocksDB per partition, in a folder that one process holds: a store is never shared. Losing it costs a rebuild from
the changelog, nothing else; so writes are not synced to disk, only kept in order by RocksDB's log.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import orjson
from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBatch

from bus.errors import Misconfigured
from streams.encoding import echeances
from streams.facets.echeances import UNMOVED, Due, Moves, due, key, up_to

META: Final = b"meta"
PERSON: Final = b"p"  # before each subject id: a key comes from outside and must not meet META; last, as 0.1.0 asks
DUE: Final = b"e"  # before each key of the index
INDEXED: Final = b"index"  # how the index is ordered
ORDER: Final = b"1"
MEGABYTE: Final = 1 << 20
SLOTS: Final = 64  # processes that may share a state folder


@dataclass(frozen=True, slots=True)
class Meta:
    """What a store reflects.

    ``changelog`` identifies the topic that it restates, up to ``next_offset`` excluded; ``folded_to`` is the greatest
    offset of ``journal`` that a state holds; ``waiting`` counts contacts without authority; ``written_at`` is seconds.
    """

    changelog: str = ""
    next_offset: int = 0
    journal: int = 0
    folded_to: int = -1
    waiting: int = 0
    written_at: float = 0.0


class Store:
    """An open store. Not thread-safe as a whole: one thread at a time writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = _open(path)
        found = self._db.get(META)
        self.meta = Meta(**orjson.loads(found)) if found else Meta()
        if self._db.get(INDEXED) != ORDER:
            self._index()

    def get(self, subject: bytes) -> bytes | None:
        """Give the state of a person as it was written, None when nothing is known."""
        data: bytes | None = self._db.get(PERSON + subject)
        return data

    def write(self, changes: Mapping[bytes, bytes | None], meta: Meta, moves: Moves = UNMOVED) -> None:
        """Write states (None forgets the person), their due dates and what the store then reflects, atomically."""
        batch = WriteBatch(raw_mode=True)
        for gone in moves.gone:
            batch.delete(DUE + gone)
        for come in moves.come:
            batch.put(DUE + come, b"")
        for subject, data in changes.items():
            if data is None:
                batch.delete(PERSON + subject)
            else:
                batch.put(PERSON + subject, data)
        batch.put(META, orjson.dumps(asdict(meta)))
        self._db.write(batch)
        self.meta = meta

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Give every person's state, by subject id."""
        for found, value in self._db.items(from_key=PERSON):
            yield found[len(PERSON) :], value

    def due(self, until: int) -> Iterator[Due]:
        """Give every due date up to a day included, earliest first."""
        end = DUE + up_to(until + 1)
        for known in self._db.keys(from_key=DUE):
            if known >= end:
                return
            yield due(known[len(DUE) :])

    def clear(self) -> None:
        """Forget everything: what is here belongs to another log, or is too old to be brought up to date."""
        self._db.close()
        shutil.rmtree(self._path)
        self._db = _open(self._path)
        self.meta = Meta()
        self._index()

    def _index(self) -> None:
        """Make the index anew from what persons say; cut short, it is begun again at the next opening."""
        for known in self._db.keys(from_key=DUE):
            if not known.startswith(DUE):
                break
            self._db.delete(known)
        for subject, data in self.items():
            for clock, day in echeances(data).items():
                self._db.put(DUE + key(Due(day, subject, clock)), b"")
        self._db.put(INDEXED, ORDER)

    def close(self) -> None:
        """Close the store; the partition may then be opened by another process."""
        self._db.close()


def _open(path: Path) -> Rdict:
    path.mkdir(parents=True, exist_ok=True)
    options = Options(raw_mode=True)
    options.create_if_missing(True)  # noqa: FBT003 - RocksDB's own setter
    options.set_write_buffer_size(8 * MEGABYTE)
    options.set_max_write_buffer_number(2)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_keep_log_file_num(2)
    table = BlockBasedOptions()
    table.set_block_cache(_CACHE)
    table.set_bloom_filter(10, False)  # noqa: FBT003 - RocksDB's own setter
    options.set_block_based_table_factory(table)
    return Rdict(str(path), options)


_CACHE: Final = Cache(64 * MEGABYTE)  # one for all partitions of the process


def claim(state_dir: Path) -> tuple[Path, int]:
    """Take a folder of the state directory for this process alone, the lowest free one.

    The lock ends with the process, however it ends; a stopped (not dead) process keeps its own folder.

    Returns:
        The folder and the descriptor that holds its lock; keep it open as long as the stores.

    Raises:
        Misconfigured: every folder is held.
    """
    for slot in range(SLOTS):
        folder = state_dir / f"processus-{slot}"
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "verrou", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            continue
        return folder, handle
    raise Misconfigured(f"{SLOTS} processus se partagent déjà {state_dir}")
