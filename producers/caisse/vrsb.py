"""VRSB0801, the bénéficiaire flux of Cnaf and MSA: header, households one by one, trailer (domain/formats.md §2.1).

The reader obeys the rules of the file (encoding, no DTD, well formed, header, counters); reading a household is
``household``. Nothing is fetched: ``schemaLocation`` is text.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypedDict
from xml.sax.saxutils import quoteattr

from lxml import etree

from producers.caisse.blocks import ROOT
from producers.caisse.framing import Piece, pieces
from producers.caisse.header import VrsbHeader, check_counters, read_counters, read_header
from producers.caisse.household import household
from producers.caisse.observation import BadHousehold, Household
from producers.caisse.whereabouts import place
from producers.journal.encoding import utf8
from producers.journal.observation import Code, FluxRejected, Motif, RecordRejected
from producers.journal.source import Reader

_FORBIDDEN: Final = frozenset({"InfosCreanceFoyerRSA", "InfosFinancieresFoyerRSA"})
_SKELETON_LIMIT: Final = 256 * 1024


class _Guards(TypedDict):
    encoding: str
    resolve_entities: bool
    no_network: bool
    load_dtd: bool
    dtd_validation: bool
    huge_tree: bool
    remove_blank_text: bool
    remove_comments: bool
    remove_pis: bool


class VrsbReader(Reader):
    """Iterate over the records of one flux; ``header``, ``read``, ``anomalies``, ``unknown`` are told as they come.

    Iterating to the end without an exception means that the whole file is well formed and its counters hold.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.header: VrsbHeader | None = None
        self.read = 0
        self.anomalies = 0
        self.unknown = 0  # elements beside the records that no rule names
        self._chunks = chunks
        self._announced: tuple[int, int] | None = None
        self._unread: FluxRejected | None = None  # a header that is not ours: what follows says which kind it is
        self._skeleton = etree.XMLPullParser(events=("start", "end"), **_safe())
        self._records = etree.XMLParser(**_safe())
        self._fed = 0
        self._namespaces = b""

    def __iter__(self) -> Iterator[Household | BadHousehold]:
        """Give households and bad records in the order of the file.

        Raises:
            FluxRejected: any motif that the file alone decides.
        """
        for piece in pieces(utf8(self._chunks)):
            if piece.record:
                yield self._record(piece)
            else:
                self._between(piece.octets)
        self._end()

    def _record(self, piece: Piece) -> Household | BadHousehold:
        if self._unread is not None:
            raise self._unread
        if self.header is None:
            raise FluxRejected(Motif.SCHEMA, "l’en-tête IdentificationFlux manque avant le premier dossier")
        if self._announced is not None:
            raise FluxRejected(Motif.SCHEMA, "un dossier suit TransmissionFlux")
        self.read += 1
        if piece.oversize:
            self.anomalies += piece.anomaly
            return BadHousehold(self.read, ROOT, Code.TAILLE, piece.octets)
        try:
            element = self._parse(piece.octets)
        except etree.XMLSyntaxError as error:
            raise FluxRejected(Motif.XML, f"le dossier {self.read} n’est pas du XML bien formé") from error
        self.anomalies += element.find("Anomalie") is not None
        try:
            return household(element, self.read)
        except RecordRejected as error:
            return BadHousehold(self.read, error.chemin, error.code, piece.octets, **place(element))

    def _parse(self, octets: bytes) -> etree._Element:
        try:
            return etree.fromstring(octets, self._records)
        except etree.XMLSyntaxError:
            if not self._namespaces:
                raise
            # A prefix that only the root declares (xsi:nil) is unknown to a record parsed alone.
            return etree.fromstring(b"<Racine%b>%b</Racine>" % (self._namespaces, octets), self._records)[0]

    def _between(self, octets: bytes) -> None:
        self._fed += len(octets)
        if self._fed > _SKELETON_LIMIT:
            raise FluxRejected(Motif.TAILLE, "le fichier contient trop de données hors des dossiers")
        try:
            self._skeleton.feed(octets)
            self._see_events()
        except etree.XMLSyntaxError as error:
            raise FluxRejected(Motif.XML, "le fichier n’est pas du XML bien formé") from error

    def _see_events(self) -> None:
        for event, element in self._skeleton.read_events():
            if not isinstance(element, etree._Element):  # noqa: SLF001 - lxml names its element type so; narrows the union
                continue
            parent = element.getparent()
            if event == "start" and parent is None and element.tag != "Racine":
                raise FluxRejected(Motif.SCHEMA, "la racine n’est pas Racine")
            if event == "start" and parent is None:
                self._namespaces = _declarations(element)
            if event == "start" and element.tag in _FORBIDDEN:
                raise FluxRejected(Motif.INTERDIT, "les flux de créances et financiers ne circulent pas sur le bus")
            if event == "end" and parent is not None and parent.getparent() is None:
                self._see_block(element)

    def _see_block(self, element: etree._Element) -> None:
        texts = {str(child.tag): (child.text or "").strip() for child in element}
        if self._unread is not None:
            raise self._unread
        if element.tag == "IdentificationFlux" and self.header is None:
            try:
                self.header = read_header(texts)
            except FluxRejected as error:
                self._unread = error
        elif element.tag == "TransmissionFlux":
            self._announced = read_counters(texts)
        elif element.tag == "IdentificationFlux":
            raise FluxRejected(Motif.SCHEMA, "l’en-tête IdentificationFlux est répété")
        elif element.tag == "InfoDemandeRSA":
            raise FluxRejected(Motif.SCHEMA, "les flux d’instruction ne sont pas lus par cette version")
        else:
            self.unknown += 1

    def _end(self) -> None:
        try:
            self._skeleton.close()
            self._see_events()
        except etree.XMLSyntaxError as error:
            raise FluxRejected(Motif.XML, "le fichier est tronqué ou mal formé") from error
        if self.header is None:
            raise self._unread or FluxRejected(Motif.SCHEMA, "l’en-tête IdentificationFlux manque")
        if self._announced is None:
            raise FluxRejected(Motif.SCHEMA, "le bloc final TransmissionFlux manque")
        check_counters(self._announced, (self.read, self.anomalies))


def _declarations(root: etree._Element) -> bytes:
    prefixes = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
    return "".join(f" xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in prefixes.items()).encode()


def _safe() -> _Guards:
    return {
        "encoding": "utf-8",
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "dtd_validation": False,
        "huge_tree": False,
        "remove_blank_text": True,
        "remove_comments": True,
        "remove_pis": True,
    }
