"""D4, what reaches the subscribers."""

from typing import Final

from tools.dashboards.model import Dashboard, Genre, Panel, Seuils, Unite, une

_ENDED: Final = "sum by (subscriber) (increase(bus_deliveries_total[24h]))"

LIVRAISON: Final = Dashboard(
    "bus-d04-livraison",
    "D4",
    "Livraison",
    "Qui reçoit, qui ne reçoit pas, depuis quand ?",
    (
        Panel(
            "Succès sur 24 h par abonné",
            "Part des livraisons terminées qui ont été reçues.",
            une(
                'sum by (subscriber) (increase(bus_deliveries_total{result="delivered"}[24h]))'
                f" / {_ENDED} or 0 * {_ENDED}",
                "{{subscriber}}",
            ),
            Unite.PART,
            Genre.TABLE,
            Seuils(0.99, 0.9),
        ),
        Panel(
            "Issues des tentatives",
            "Réponses reçues, refus, silences, par seconde.",
            une("sum by (outcome) (rate(bus_delivery_attempts_total[5m]))", "{{outcome}}"),
            Unite.PAR_SECONDE,
        ),
        Panel(
            "En attente",
            "Livraisons dues et pas encore terminées, les dix abonnés qui attendent le plus.",
            une("topk(10, max by (subscriber) (bus_delivery_backlog))", "{{subscriber}}"),
        ),
        Panel(
            "Plus ancien en attente",
            "Depuis quand attend chacun des dix abonnés les plus en retard ; 0 quand rien n’attend.",
            une(
                "topk(10, (time() - min by (subscriber) (bus_delivery_oldest_pending_timestamp_seconds > 0))"
                " or 0 * max by (subscriber) (bus_delivery_oldest_pending_timestamp_seconds))",
                "{{subscriber}}",
            ),
            Unite.SECONDES,
            Genre.COURBE,
            Seuils(900, 14400),
        ),
        Panel(
            "Latence p50 et p99",
            "De l’acceptation à la réponse 2xx : la part qui est à nous.",
            une("histogram_quantile(0.5, sum by (le) (rate(bus_delivery_latency_seconds_bucket[1h])))", "p50")
            + une("histogram_quantile(0.99, sum by (le) (rate(bus_delivery_latency_seconds_bucket[1h])))", "p99"),
            Unite.SECONDES,
            Genre.COURBE,
            Seuils(300, 900),
        ),
        Panel(
            "Temps de réponse p95 par abonné",
            "La part qui est à lui, les dix plus lents.",
            une(
                "topk(10, histogram_quantile(0.95, sum by (le, subscriber)"
                " (rate(bus_delivery_attempt_duration_seconds_bucket[15m]))))",
                "{{subscriber}}",
            ),
            Unite.SECONDES,
        ),
        Panel(
            "Dix pires",
            "Tentatives en échec dans les dernières 24 heures.",
            une(
                'topk(10, sum by (subscriber) (increase(bus_delivery_attempts_total{outcome!="success"}[24h])))',
                "{{subscriber}}",
            ),
            Unite.NOMBRE,
            Genre.TABLE,
        ),
    ),
)
