"""D6 quarantine, D7 contracts, D8 platform, D9 personal data."""

from typing import Final

from tools.dashboards.model import Dashboard, Genre, Panel, Requete, Seuils, Unite, une

_NO_JMX: Final = "le broker de la plateforme locale n’expose pas JMX ; en production, l’exporteur JMX de Kafka"

QUARANTAINE: Final = Dashboard(
    "bus-d06-quarantaine",
    "D6",
    "Quarantaine",
    "Qu’est-ce qui attend une réparation, et depuis quand ?",
    (
        Panel(
            "Par cause",
            "Ce qui est gardé scellé, par étage et par raison.",
            une("sum by (stage, reason) (bus_quarantine_messages)", "{{stage}}, {{reason}}"),
            Unite.NOMBRE,
            Genre.TABLE,
        ),
        Panel(
            "Entrées",
            "Ce qui y est entré dans la dernière heure.",
            une("sum by (stage, reason) (increase(bus_quarantine_messages_total[1h]))", "{{stage}}, {{reason}}"),
        ),
        Panel(
            "Âge du plus ancien",
            "Au-delà d’un jour, un ticket ; à 30 jours, le message expire. 0 quand elle est vide.",
            une(
                "(time() - min by (stage) (bus_quarantine_oldest_message_timestamp_seconds > 0))"
                " or 0 * max by (stage) (bus_quarantine_oldest_message_timestamp_seconds)",
                "{{stage}}",
            ),
            Unite.SECONDES,
            Genre.COURBE,
            Seuils(86400, 10 * 86400),
        ),
    ),
)

CONTRATS: Final = Dashboard(
    "bus-d07-contrats",
    "D7",
    "Contrats",
    "Qui dépend encore de quelle version ?",
    (
        Panel(
            "Livraisons de versions dépréciées",
            "Tant qu’il en reste, la version ne se retire pas.",
            une(
                "sum by (subscriber, event_type) (increase(bus_deprecated_deliveries_total[7d]))",
                "{{subscriber}} {{event_type}}",
            ),
            Unite.NOMBRE,
            Genre.TABLE,
        ),
        Panel(
            "Abonnés par version",
            "Combien d’abonnements reçoivent chaque version de chaque type.",
            une("count by (event_type, version) (bus_subscription_info)", "{{event_type}} {{version}}"),
            Unite.NOMBRE,
            Genre.TABLE,
        ),
    ),
)

PLATEFORME: Final = Dashboard(
    "bus-d08-plateforme",
    "D8",
    "Plateforme",
    "Les machines suffisent-elles ?",
    (
        Panel(
            "Rôles",
            "1 quand Prometheus arrive à lire le rôle, 0 sinon.",
            une('min by (role) (up{job="bus"})', "{{role}}"),
            Unite.NOMBRE,
            Genre.TABLE,
            Seuils(1, 0.5),
        ),
        Panel(
            "Mémoire des rôles",
            "Résidente. Une croissance sans fin est une fuite.",
            une('max by (role) (process_resident_memory_bytes{job="bus"})', "{{role}}"),
            Unite.OCTETS,
        ),
        Panel(
            "Processeur des rôles",
            "Cœurs occupés ; près de 1, un rôle Python est au bout de ce qu’il peut.",
            une('sum by (role) (rate(process_cpu_seconds_total{job="bus"}[5m]))', "{{role}}"),
            Unite.COEURS,
            Genre.COURBE,
            Seuils(0.7, 0.95),
        ),
        Panel(
            "Fichiers ouverts",
            "Part de la limite du processus.",
            une('max by (role) (process_open_fds{job="bus"} / process_max_fds{job="bus"})', "{{role}}"),
            Unite.PART,
            Genre.COURBE,
            Seuils(0.5, 0.9),
        ),
        Panel(
            "Portail",
            "Réponses par code, par seconde.",
            une("sum by (code) (rate(http_requests_total[5m]))", "{{code}}"),
            Unite.PAR_SECONDE,
        ),
        Panel(
            "Prometheus : règles en échec",
            "Toujours 0 ; sinon une alerte ne se déclenchera pas.",
            une("sum(increase(prometheus_rule_evaluation_failures_total[1h]))"),
            Unite.NOMBRE,
            Genre.NOMBRE,
            Seuils(1, 1),
        ),
        Panel(
            "Broker",
            "Partitions sans chef, partitions sous-répliquées, contrôleurs actifs (il en faut exactement un).",
            (
                Requete("sum(kafka_controller_kafkacontroller_offlinepartitionscount_value)", "sans chef"),
                Requete("sum(kafka_cluster_partition_underreplicated)", "sous-répliquées"),
                Requete("sum(kafka_controller_kafkacontroller_activecontrollercount_value)", "contrôleurs"),
            ),
            vide_permis=_NO_JMX,
        ),
    ),
)

DONNEES: Final = Dashboard(
    "bus-d09-donnees-personnelles",
    "D9",
    "Données personnelles",
    "Qui a lu quoi, et qui attend d’être effacé ?",
    (
        Panel(
            "Consultations de contenu nominatif",
            "Par rôle et finalité, sur 24 h. Le détail, avec le motif, est au registre d’audit.",
            une(
                "sum by (actor_role, purpose) (increase(bus_payload_views_total[24h]))",
                "{{actor_role}}, {{purpose}}",
            ),
            Unite.NOMBRE,
            Genre.TABLE,
        ),
        Panel(
            "Plus vieille demande d’effacement",
            "30 jours au plus (RGPD, article 12) ; quelqu’un est réveillé à 20.",
            une("(time() - min(bus_erasure_oldest_request_timestamp_seconds > 0)) / 86400 or vector(0)"),
            Unite.JOURS,
            Genre.NOMBRE,
            Seuils(10, 20),
        ),
        Panel(
            "Âge de l’époque des clés",
            "Depuis la dernière rotation : une sauvegarde plus vieille n’ouvre plus rien. Un ticket à 30 jours.",
            une("(time() - min(bus_vault_epoch_timestamp_seconds > 0)) / 86400"),
            Unite.JOURS,
            Genre.NOMBRE,
            Seuils(25, 30),
        ),
    ),
)
