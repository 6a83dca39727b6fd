"""D1, what a duty officer opens first; D10, the budget of the promise."""

from typing import Final

from tools.dashboards.model import Dashboard, Genre, Panel, Requete, Seuils, Unite, une

_MISSED: Final = 'sum(increase(bus:delivery_deadline:total{result="missed"}[28d]))'
_JUDGED: Final = "sum(increase(bus:delivery_deadline:total[28d]))"
_FAILING: Final = (
    'sum by (subscriber) (rate(bus_delivery_attempts_total{outcome!="success"}[15m]))'
    " / sum by (subscriber) (rate(bus_delivery_attempts_total[15m])) > 0.5"
)
_WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")

VUE: Final = Dashboard(
    "bus-d01-vue-d-ensemble",
    "D1",
    "Vue d’ensemble",
    "Est-ce que tout va bien, et sinon, où regarder ?",
    (
        Panel(
            "Budget S1 restant",
            "Part du droit à l’erreur (1 % de livraisons en plus de 15 minutes, sur 28 jours) qui reste. "
            "Sous 0, la promesse n’est plus tenue : voir D10. "
            "Une livraison n’est jugée que 15 minutes après son acceptation.",
            une(f"1 - ({_MISSED} or vector(0)) / {_JUDGED} / 0.01"),
            Unite.PART,
            Genre.NOMBRE,
            Seuils(0.5, 0.1),
        ),
        Panel(
            "Abonnés en échec",
            "Abonnés dont plus de la moitié des envois échouent depuis 15 minutes. Un seul : voir D5. "
            "Plusieurs : la panne est sans doute chez nous.",
            une(f"count({_FAILING}) or vector(0)"),
            Unite.NOMBRE,
            Genre.NOMBRE,
            Seuils(1, 2),
        ),
        Panel(
            "Quarantaine ouverte",
            "Ce qui attend une réparation : voir D6.",
            une("sum(bus_quarantine_messages) or vector(0)"),
            Unite.NOMBRE,
            Genre.NOMBRE,
            Seuils(1, 100),
        ),
        Panel(
            "Rôles qui répondent",
            "Part des rôles que Prometheus arrive à lire. Sous 1, un rôle est arrêté : voir D8.",
            une('avg(up{job="bus"})'),
            Unite.PART,
            Genre.NOMBRE,
            Seuils(0.999, 0.8),
        ),
        Panel(
            "Canari",
            "Temps depuis le dernier événement témoin reçu de bout en bout.",
            une("time() - max by (path) (bus_canary_last_success_timestamp_seconds)", "{{path}}"),
            Unite.SECONDES,
            Genre.NOMBRE,
            Seuils(120, 300),
        ),
        Panel(
            "Canari, perte",
            "Part des événements témoins qui ne sont pas revenus.",
            une("1 - sum by (path) (bus_canary_received_total) / sum by (path) (bus_canary_sent_total)", "{{path}}"),
            Unite.PART,
            Genre.NOMBRE,
            Seuils(0.005, 0.05),
        ),
        Panel(
            "Canari, aller-retour p95",
            "Durée du trajet complet de l’événement témoin.",
            une(
                "histogram_quantile(0.95, sum by (le, path) (rate(bus_canary_roundtrip_seconds_bucket[15m])))",
                "{{path}}",
            ),
            Unite.SECONDES,
            Genre.COURBE,
            Seuils(30, 60),
        ),
        Panel(
            "Enregistrements acceptés par source",
            "Rien pendant des heures est normal : les caisses envoient la nuit.",
            une('sum by (source) (rate(bus_ingest_records_total{result="accepted"}[5m]))', "{{source}}"),
            Unite.PAR_SECONDE,
        ),
        Panel(
            "Latence de bout en bout p95",
            "De la date d’effet à la réponse du récepteur : le retard de la caisse y est compris.",
            une("histogram_quantile(0.95, sum by (le) (rate(bus_e2e_latency_seconds_bucket[1h])))", "p95"),
            Unite.SECONDES,
        ),
        Panel(
            "Retard maximal",
            "Âge du plus ancien message non lu, par groupe. Au-delà de 10 minutes, quelqu’un est réveillé.",
            une("max by (consumer_group) (bus_consumer_lag_seconds)", "{{consumer_group}}"),
            Unite.SECONDES,
            Genre.COURBE,
            Seuils(300, 600),
        ),
    ),
)

SLO: Final = Dashboard(
    "bus-d10-slo",
    "D10",
    "Objectif : livré en moins de 15 minutes",
    "À quelle vitesse dépensons-nous le droit à l’erreur ?",
    (
        Panel(
            "Part de livraisons en retard",
            "Seuils d’alerte : 14,4 % sur 1 h et 5 min (tout de suite), 6 % sur 6 h et 30 min (tout de suite), "
            "3 % sur 1 j et 2 h, 1 % sur 3 j et 6 h (dans la journée).",
            tuple(Requete(f"bus:delivery_deadline_missed:ratio_rate{window}", window) for window in _WINDOWS),
            Unite.PART,
            Genre.COURBE,
            Seuils(0.06, 0.144),
        ),
        Panel(
            "Livraisons jugées",
            "À temps ou en retard, dans la dernière heure. Sans trafic, les parts ci-dessus n’ont pas de sens.",
            une("sum by (result) (increase(bus:delivery_deadline:total[1h]))", "{{result}}"),
        ),
        Panel(
            "Retards par type d’événement",
            "Ce qui dépense le budget.",
            une('sum by (event_type) (increase(bus:delivery_deadline:total{result="missed"}[1d]))', "{{event_type}}"),
        ),
    ),
)
