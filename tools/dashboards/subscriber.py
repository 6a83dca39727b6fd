"""D5, the page of one subscriber."""

from typing import Final

from tools.dashboards.model import Dashboard, Genre, Panel, Seuils, Unite, une

_ONE: Final = 'subscriber="$subscriber"'

ABONNE: Final = Dashboard(
    "bus-d05-fiche-abonne",
    "D5",
    "Fiche abonné",
    "Que répondre à ce département quand il appelle ?",
    (
        Panel(
            "État",
            "L’état où se trouve l’abonnement ; un seul vaut 1.",
            une(f"max by (state) (bus_subscriber_state{{{_ONE}}}) == 1", "{{state}}"),
            Unite.NOMBRE,
            Genre.TABLE,
        ),
        Panel(
            "Attente",
            "Livraisons qui lui sont dues.",
            une(f"max(bus_delivery_backlog{{{_ONE}}})"),
            Unite.NOMBRE,
            Genre.NOMBRE,
        ),
        Panel(
            "Échéance des secrets",
            "Jours avant l’expiration ; un ticket à 15 jours.",
            une(
                f"min by (kind) (bus_subscriber_credential_expiry_timestamp_seconds{{{_ONE}}} - time()) / 86400",
                "{{kind}}",
            ),
            Unite.JOURS,
            Genre.NOMBRE,
            Seuils(30, 15),
        ),
        Panel(
            "Versions reçues",
            "Chaque type qu’il reçoit, avec la version de son contrat.",
            une(f"count by (event_type, version) (bus_subscription_info{{{_ONE}}})", "{{event_type}} {{version}}"),
            Unite.NOMBRE,
            Genre.TABLE,
        ),
        Panel(
            "Issues de ses tentatives",
            "Par seconde ; la cause exacte de chaque échec est dans « bus delivery ls ».",
            une(f"sum by (outcome) (rate(bus_delivery_attempts_total{{{_ONE}}}[5m]))", "{{outcome}}"),
            Unite.PAR_SECONDE,
        ),
        Panel(
            "Temps de réponse p95",
            "Au-delà du délai qu’il a accepté, ses envois échouent.",
            une(
                "histogram_quantile(0.95, sum by (le)"
                f" (rate(bus_delivery_attempt_duration_seconds_bucket{{{_ONE}}}[15m])))"
            ),
            Unite.SECONDES,
            Genre.COURBE,
            Seuils(5, 10),
        ),
        Panel(
            "Livré sur 24 h par type",
            "Ce qu’il a reçu, ce qui a été abandonné.",
            une(
                f"sum by (event_type, result) (increase(bus_deliveries_total{{{_ONE}}}[24h]))",
                "{{event_type}}, {{result}}",
            ),
            Unite.NOMBRE,
            Genre.TABLE,
        ),
    ),
    abonne=True,
)
