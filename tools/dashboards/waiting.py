"""The one place that lists the metrics that dashboards and alerts want and that nothing measures yet.

A panel that needs one of them is not drawn; an alert that needs one stays silent. A test compares this list with
``bus/telemetry/metrics.py``: it shrinks by force when a metric appears.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_CANARY: Final = "aucun événement témoin ne circule encore"

SANS_METRIQUE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bus_canary_sent_total": _CANARY,
        "bus_canary_received_total": _CANARY,
        "bus_canary_roundtrip_seconds": _CANARY,
        "bus_canary_last_success_timestamp_seconds": _CANARY,
        "bus_subscriber_credential_expiry_timestamp_seconds": "un secret partagé n’a pas encore de date d’expiration",
        "bus_deprecated_deliveries_total": "aucune version de contrat n’est encore dépréciée",
        "bus_payload_views_total": "aucune commande ne montre encore de contenu nominatif",
        "bus_erasure_oldest_request_timestamp_seconds": "un effacement s’exécute à la demande, sans file d’attente",
        "bus_impact_last_publication_timestamp_seconds": "les indicateurs d’impact ne sont pas encore publiés",
        "http_requests_total": "le portail n’existe pas encore",
    }
)
"""Metric to the reason why nothing measures it."""
