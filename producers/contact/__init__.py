"""Contact files of the CAF: phone numbers and mail addresses of people in RSA dossiers, as CSV."""

from datetime import datetime
from typing import Final

from producers.contact.dates import midnight, named_date
from producers.contact.parts import EMITTER
from producers.contact.reader import ContactReader, recognise
from producers.contact.stager import ContactStager
from producers.contact.telling import FAIT_FOI
from producers.contact.waiting import retry_waiting
from producers.journal.flux import Flux
from producers.journal.origin import Configured, Kind
from producers.journal.source import Pause, Source

_KIND: Final = Kind("contact", Configured(lambda by: by.intervalle_contact_jours))


def dated(flux: Flux, _header: None) -> datetime | None:
    """Give midnight in Paris of the day in the name of a file."""
    day = named_date(flux.file_name)
    return midnight(day) if day else None


SOURCE: Final = Source(
    name="contact",
    emitter=EMITTER,
    fait_foi=FAIT_FOI,
    kinds=(_KIND,),
    kind_of=lambda _: _KIND,
    one_authority=False,
    indexed=False,
    recognise=recognise,
    ends=lambda tail: tail.endswith(b"\n"),
    pause=Pause.SHORT,
    read=ContactReader,
    stage=ContactStager,
    dated=dated,
    retry=retry_waiting,
)
