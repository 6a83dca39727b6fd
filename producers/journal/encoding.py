"""Bytes of a file turned into UTF-8 chunk by chunk: the declaration is obeyed, and refused where the bytes deny it."""

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Final

from producers.journal.observation import FluxRejected, Motif

_DECLARED: Final = re.compile(rb"^\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9._:-]+)[\"']")
_SINGLE_BYTE: Final = {
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "iso-8859-15": "iso8859-15",
}
_CHECKED: Final = {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii"}  # passed on as they are, once checked
_CONTROLS: Final = re.compile(rb"[\x80-\x9f]")  # no text in ISO-8859 holds them: such bytes are windows-1252
_HEAD: Final = 1024


def utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Give an XML file as UTF-8 without byte-order mark, in chunks of about the same size.

    Raises:
        FluxRejected: ``vide``, or ``encodage`` (declaration unknown, or bytes that contradict it).
    """
    source = iter(chunks)
    head = b""
    for chunk in source:
        head += chunk
        if len(head) >= _HEAD:
            break
    if not head:
        raise FluxRejected(Motif.VIDE, "le fichier est vide")
    yield from _as_utf8(head, source)


def _as_utf8(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    marked = head.startswith(codecs.BOM_UTF8)
    # Without a mark, UTF-16 shows by the zero byte beside its first "<".
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in head[:2]:
        raise FluxRejected(Motif.ENCODAGE, "l’encodage UTF-16 n’est pas accepté")
    head = head[3:] if marked else head
    declared = _DECLARED.match(head)
    name = declared[1].decode("ascii").lower() if declared else "utf-8"
    if name in _CHECKED:
        yield from _checked(head, rest, _CHECKED[name])
    elif name not in _SINGLE_BYTE:
        raise FluxRejected(Motif.ENCODAGE, "l’encodage déclaré n’est pas connu")
    elif marked:
        raise FluxRejected(Motif.ENCODAGE, "la marque UTF-8 contredit l’encodage déclaré")
    else:
        yield from _single_byte(head, rest, _SINGLE_BYTE[name])


def _checked(head: bytes, rest: Iterator[bytes], codec: str) -> Iterator[bytes]:
    check = codecs.getincrementaldecoder(codec)("strict")
    try:
        for chunk in _chain(head, rest):
            check.decode(chunk)
            yield chunk
        check.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise FluxRejected(Motif.ENCODAGE, "des octets ne sont pas dans l’encodage déclaré") from error


def _single_byte(head: bytes, rest: Iterator[bytes], codec: str) -> Iterator[bytes]:
    doubt = Utf8Doubt()
    for chunk in _chain(head, rest):
        if chunk.isascii():
            doubt.see(chunk)
            yield chunk
            continue
        doubt.see(chunk)
        if codec != "cp1252" and _CONTROLS.search(chunk):
            raise FluxRejected(Motif.ENCODAGE, "des octets contredisent l’encodage déclaré")
        try:
            yield chunk.decode(codec).encode()
        except UnicodeDecodeError as error:
            raise FluxRejected(Motif.ENCODAGE, "des octets contredisent l’encodage déclaré") from error
    if doubt.is_utf8():
        raise FluxRejected(Motif.ENCODAGE, "le fichier est en UTF-8, la déclaration dit autre chose")


class Utf8Doubt:
    """Tells whether bytes declared otherwise are in truth UTF-8: accented French text is never both."""

    def __init__(self) -> None:
        self._decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")("strict")
        self._accents = False

    def see(self, chunk: bytes) -> None:
        """Take the next bytes into account."""
        if self._decoder is None:
            return
        try:
            self._decoder.decode(chunk)
        except UnicodeDecodeError:
            self._decoder = None
        else:
            self._accents = self._accents or not chunk.isascii()

    def is_utf8(self) -> bool:
        """Give the answer, once every chunk was seen."""
        if self._decoder is None or not self._accents:
            return False
        try:
            self._decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True


def _chain(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest
