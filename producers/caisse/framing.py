"""An XML flux cut into records by bytes, in constant memory: one bad record is measured, kept and put aside alone.

lxml would need the whole record in memory before its size is known, and gives no bytes back. Here a record is found by
its tags (comments, CDATA and processing instructions between records are skipped as such), measured, then parsed alone;
what stands between records, the skeleton, is parsed apart, so that the whole file is proven well formed.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from producers.journal.observation import FluxRejected, Motif

RECORD_LIMIT: Final = 256 * 1024
_MARK: Final = re.compile(rb"<!--|<!\[CDATA\[|<\?|<!DOCTYPE|<!ENTITY|<InfosFoyerRSA(?=[\s>/])")
_RECORD_END: Final = b"</InfosFoyerRSA"
_ENDS: Final = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_ANOMALY: Final = re.compile(rb"<Anomalie(?=[\s>/])")
_OVERLAP: Final = 32  # no mark is longer: what a chunk may cut in two


class Piece(NamedTuple):
    """A piece of the file: a record (``octets`` cut at the limit when ``oversize``), or skeleton between records.

    ``anomaly`` is told of an oversize record only: its bytes beyond the limit are seen here and nowhere else.
    """

    record: bool
    octets: bytes
    oversize: bool = False
    anomaly: bool = False


def pieces(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """Cut a UTF-8 file into skeleton and records, in order.

    Raises:
        FluxRejected: ``interdit`` (DTD or entity), ``xml`` (cut inside a record), ``taille`` (endless comment).
    """
    cutter = _Cutter()
    for chunk in chunks:
        yield from cutter.feed(chunk)
    yield from cutter.close()


class _Cutter:
    def __init__(self) -> None:
        self._rest = b""
        self._lost: bytes | None = None  # the beginning of an oversize record whose end is still to come
        self._anomaly = False  # seen in that record

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        data = self._rest + chunk
        position = 0
        while (step := self._step(data, position)) is not None:
            piece, position = step
            if piece is not None:
                yield piece
        self._rest = data[position:]
        if len(self._rest) > RECORD_LIMIT + _OVERLAP:
            self._give_up()

    def close(self) -> Iterator[Piece]:
        if self._lost is not None or _MARK.match(self._rest):
            raise FluxRejected(Motif.XML, "le fichier est tronqué")
        yield Piece(record=False, octets=self._rest)

    def _step(self, data: bytes, position: int) -> tuple[Piece | None, int] | None:
        """Take the next whole piece; None when more bytes are needed."""
        if self._lost is not None:
            return self._skip(data, position)
        found = _MARK.search(data, position)
        if found is None:
            return self._skeleton(data, position, max(position, len(data) - _OVERLAP))
        if found.start() > position:
            return self._skeleton(data, position, found.start())
        return self._marked(data, position, found[0])

    @staticmethod
    def _skeleton(data: bytes, start: int, end: int) -> tuple[Piece | None, int] | None:
        if end == start:
            return None
        text = data[start:end]
        # Blanks between records say nothing; kept, they would grow with the file.
        return (None if text.isspace() else Piece(record=False, octets=text)), end

    def _marked(self, data: bytes, position: int, mark: bytes) -> tuple[Piece | None, int] | None:
        if mark in (b"<!DOCTYPE", b"<!ENTITY"):
            raise FluxRejected(Motif.INTERDIT, "le fichier contient une DTD ou une entité")
        if mark in _ENDS:
            end = data.find(_ENDS[mark], position + len(mark))
            if end < 0:
                return None
            stop = end + len(_ENDS[mark])
            keep = mark != b"<!--" and not (mark == b"<?" and not data.startswith(b"<?xml", position))
            return (Piece(record=False, octets=data[position:stop]) if keep else None), stop
        return self._record(data, position)

    @staticmethod
    def _record(data: bytes, position: int) -> tuple[Piece | None, int] | None:
        opening = data.find(b">", position)
        if opening < 0:
            return None
        if data[opening - 1 : opening] == b"/":
            return Piece(record=True, octets=data[position : opening + 1]), opening + 1
        end = _end_of_record(data, opening)
        if end is None:
            return None
        if end - position <= RECORD_LIMIT:
            return Piece(record=True, octets=data[position:end]), end
        octets, anomaly = data[position : position + RECORD_LIMIT], _ANOMALY.search(data, position, end) is not None
        return Piece(record=True, octets=octets, oversize=True, anomaly=anomaly), end

    def _skip(self, data: bytes, position: int) -> tuple[Piece | None, int] | None:
        end = _end_of_record(data, position)
        if end is None:
            return None
        lost, self._lost = self._lost or b"", None
        anomaly = self._anomaly or _ANOMALY.search(data, position, end) is not None
        return Piece(record=True, octets=lost, oversize=True, anomaly=anomaly), end

    def _give_up(self) -> None:
        """Forget the body of a record that passed the limit; refuse what is no record and never ends."""
        if self._lost is None:
            if not self._rest.startswith(b"<InfosFoyerRSA"):
                raise FluxRejected(Motif.TAILLE, "un commentaire ou un bloc dépasse la taille permise")
            self._lost, self._anomaly = self._rest[:RECORD_LIMIT], False
        self._anomaly = self._anomaly or _ANOMALY.search(self._rest) is not None
        self._rest = self._rest[-_OVERLAP:]


def _end_of_record(data: bytes, position: int) -> int | None:
    """Give the place after the closing tag; ``bytes.find`` is ten times as fast as a pattern here."""
    found = data.find(_RECORD_END, position)
    closing = data.find(b">", found + len(_RECORD_END)) if found >= 0 else -1
    return closing + 1 if closing >= 0 else None
