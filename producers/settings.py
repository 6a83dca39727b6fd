"""Settings of the role ``ingest``: how often each source is expected to say something."""

from pydantic import Field

from bus.settings import Settings


class IngestSettings(Settings):
    """What every role has, and the times between two files; an alert tells a silence half as long again."""

    intervalle_quotidien_jours: float = Field(
        default=4.0,
        gt=0,
        description="jours attendus entre deux quotidiens de la Cnaf ; avec 4, l’alerte supporte quatre jours fériés",
    )
    intervalle_mensuel_jours: float = Field(
        default=31.0, gt=0, description="jours attendus entre deux mensuels de la Cnaf"
    )
    intervalle_contact_jours: float = Field(
        default=7.0, gt=0, description="jours attendus entre deux fichiers contact de la CAF"
    )
