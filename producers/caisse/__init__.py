"""Bénéficiaire files of Cnaf and MSA (VRSB0801): what a caisse says of the RSA of its households."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Final

from producers.caisse.gaps import gaps
from producers.caisse.header import DAILY, MONTHLY, RELOAD, VrsbHeader
from producers.caisse.stager import DossierStager
from producers.caisse.vrsb import VrsbReader
from producers.journal.flux import Flux
from producers.journal.origin import Configured, Kind, OnDemand, Said
from producers.journal.places import instant
from producers.journal.source import Source

_NAME: Final = "cnaf"
_EMPTY: Final = "un mensuel ou une reprise sans dossier"
_KINDS: Final[Mapping[str, Kind]] = {
    DAILY: Kind("cnaf-quotidien", Configured(lambda by: by.intervalle_quotidien_jours), announced=True),
    MONTHLY: Kind("cnaf-mensuel", Configured(lambda by: by.intervalle_mensuel_jours), empty=_EMPTY, announced=True),
    RELOAD: Kind("cnaf-reprise", OnDemand("une reprise se demande à la caisse"), empty=_EMPTY, announced=True),
}
_UNREADABLE: Final = Kind("cnaf-illisible", OnDemand("un fichier refusé avant que son en-tête dise lequel c’est"))


def recognise(head: bytes, name: str) -> bool:
    """Tell whether a file is XML; one that is blank counts as such, unless its name says that it is a table."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        return not name.lower().endswith(".csv")
    utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return utf16 or text.startswith(b"<")


def ends(tail: bytes) -> bool:
    """Tell whether the root is closed; UTF-16 has a zero beside each letter."""
    return b"</Racine>" in tail.replace(b"\0", b"")


def kind_of(said: Said) -> Kind:
    """Give the kind of a file by its TYPEFLUX."""
    return _KINDS.get(said.get("typeflux") or "", _UNREADABLE)


def dated(flux: Flux, header: VrsbHeader | None) -> datetime | None:
    """Give the instant of DTCREAFLUX and HEUCREAFLUX."""
    return instant(header.at, flux.tally.authority or "") if header else None


SOURCE: Final = Source(
    name=_NAME,
    emitter="cnaf",
    fait_foi=True,
    kinds=(*_KINDS.values(), _UNREADABLE),
    kind_of=kind_of,
    recognise=recognise,
    ends=ends,
    read=lambda reopen: VrsbReader(reopen()),
    stage=DossierStager,
    dated=dated,
    gaps=partial(gaps, source=_NAME),
)
