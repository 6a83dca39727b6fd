"""The destinations that a subscription may name, by ``genre``: each channel's own model is a member of the union."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter

from consumers.connectors.port import Destination
from consumers.connectors.webhook.destination import Webhook
from consumers.faults import Wrong, refuse


def _not_yet(genre: str) -> str:
    raise refuse(Wrong.GENRE_A_VENIR, genre=genre, possibles=genres())


class ToCome(Destination):
    """A channel that is announced and not built: always refused, whatever else is written."""

    model_config = ConfigDict(extra="ignore")

    genre: Annotated[Literal["pull", "sql", "fichier", "kafka"], AfterValidator(_not_yet)]


Member: TypeAlias = (
    ToCome
    | Webhook
)  # fmt: skip
"""One line per channel."""
AnyDestination: TypeAlias = Annotated[Member, Field(discriminator="genre")]

MEMBERS: Final[Mapping[str, type[Destination]]] = {
    genre: member for member in get_args(Member) for genre in get_args(member.model_fields["genre"].annotation)
}
"""By ``genre``, those to come included."""
BUILT: Final[Mapping[str, type[Destination]]] = {
    genre: member for genre, member in MEMBERS.items() if member is not ToCome
}
"""By ``genre``, those that a subscription may name."""

_ANY: Final[TypeAdapter[Destination]] = TypeAdapter(AnyDestination)


def genres() -> str:
    """Give what ``genre`` may be, as a file writes it."""
    return " ou ".join(f'"{genre}"' for genre in BUILT)


def tables() -> str:
    """Give the keys that a destination may have, by channel."""
    return ", ou ".join(", ".join(member.model_fields) for member in BUILT.values())


def read(document: Mapping[str, Any]) -> Destination:
    """Build the destination of a subscription that was found faultless."""
    return _ANY.validate_python(document)


def shown(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give what people may see of a destination: what its channel declares, of an unknown one the genre alone."""
    known = _model(document).shown
    return {name: value for name, value in document.items() if name in known}


def secret_file(document: Mapping[str, Any]) -> str | None:
    """Give the name of the file of secrets that a destination needs, in the folder ``abonnements``; None without."""
    key = _model(document).secret_file
    return None if key is None else document.get(key)


def _model(document: Mapping[str, Any]) -> type[Destination]:
    return MEMBERS.get(document["genre"], Destination)
