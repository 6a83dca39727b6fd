"""The rights of a person over what the bus keeps: erasure, asked for by id or by NIR."""

from bus.db import connect
from bus.errors import Refused
from bus.identity import InvalidNir
from bus.platform.postgres import database
from bus.settings import Settings
from bus.vault.links import Pepper
from guichet.usecases.erasure import Erased, Proof, erase, erase_again, subject_of

__all__ = ["Erased", "Proof", "erase_nir", "erase_subject"]


def erase_subject(settings: Settings, subject: str) -> Proof:
    """Erase a person by the id that the bus gave them.

    Raises:
        Misconfigured: the secrets of the role ingest are not here.
        Unavailable: the database does not answer.
    """
    pepper = _pepper(settings)
    with database(settings) as found, connect(found, "bus_guichet", autocommit=True) as conn:
        return erase(conn, pepper, subject, settings.data_dir / "spool")


def erase_nir(settings: Settings, nir: str) -> Proof:
    """Erase a person by their NIR; somebody erased already loses what has arrived since.

    Raises:
        Refused: the text is no NIR; the error never shows it.
        Misconfigured, Unavailable: as ``erase_subject``.
    """
    pepper, folder = _pepper(settings), settings.data_dir / "spool"
    with database(settings) as found, connect(found, "bus_guichet", autocommit=True) as conn:
        try:
            fate, subject = subject_of(conn, pepper, nir)
        except InvalidNir as error:
            raise Refused("ce qui a été lu n’est pas un NIR") from error
        if subject is not None:
            return erase(conn, pepper, subject, folder)
        return erase_again(conn, pepper, folder) if fate is Erased.ALREADY else Proof(fate, None)


def _pepper(settings: Settings) -> Pepper:
    return Pepper.load(settings.secrets_dir or settings.data_dir / "secrets" / "ingest")
