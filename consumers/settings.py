"""Settings of the role ``deliver``; the defaults are the decided numbers, tests shrink the times."""

from pathlib import Path

from pydantic import Field

from bus.settings import Settings
from consumers.schedule import LADDER, PROBES


class DeliverSettings(Settings):
    """What every role has, and how webhooks are sent."""

    deliver_timeout: float = Field(default=15.0, gt=0, description="délai total d’une tentative, en secondes")
    deliver_connect_timeout: float = Field(default=5.0, gt=0, description="délai de connexion, en secondes")
    deliver_in_flight: int = Field(default=1000, gt=0, description="tentatives en vol, tous récepteurs ensemble")
    deliver_rows: int = Field(default=128, gt=0, description="livraisons en mémoire par abonnement")
    deliver_ladder: tuple[float, ...] = Field(
        default=LADDER, min_length=1, description="attentes avant chaque nouvel essai, en secondes"
    )
    deliver_probes: tuple[float, ...] = Field(
        default=PROBES, min_length=1, description="attentes avant chaque sonde d’un récepteur en panne, s"
    )
    deliver_commit: float = Field(default=0.02, ge=0, le=0.05, description="attente d’un enregistrement groupé, s")
    deliver_patience_days: float = Field(
        default=14.0, gt=0, description="jours d’attente d’un récepteur absent avant que ses livraisons soient parquées"
    )
    deliver_deadline: float = Field(
        default=900.0, gt=0, description="temps promis entre l’acceptation et la réception, en secondes"
    )
    deliver_ca_file: Path | None = Field(
        default=None, description="autorités de certification, à la place de celles du système (PEM)"
    )
