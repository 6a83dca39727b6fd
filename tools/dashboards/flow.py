"""D2, what the sources send; D3, how it moves from stage to stage."""

from typing import Final

from tools.dashboards.model import Dashboard, Genre, Panel, Requete, Seuils, Unite, une

_REJECTED: Final = 'sum by (source) (rate(bus_ingest_records_total{result="rejected"}[30m]))'
_READ: Final = "sum by (source) (rate(bus_ingest_records_total[30m]))"

SOURCES: Final = Dashboard(
    "bus-d02-sources",
    "D2",
    "Sources",
    "Les caisses ont-elles envoyé, et l’avons-nous compris ?",
    (
        Panel(
            "Âge du dernier fichier accepté",
            "De la caisse la plus en retard, à comparer à l’intervalle attendu : une fois et demie de plus, et "
            "quelqu’un est réveillé. Un genre jamais reçu n’est pas surveillé.",
            (
                Requete("time() - min by (source) (bus_ingest_last_success_timestamp_seconds)", "{{source}}"),
                Requete("max by (source) (bus_ingest_expected_interval_seconds)", "{{source}}, attendu"),
            ),
            Unite.SECONDES,
        ),
        Panel(
            "Enregistrements par sort",
            "Accepté, doublon, rejeté, mis en quarantaine, dans la dernière heure.",
            une("sum by (source, result) (increase(bus_ingest_records_total[1h]))", "{{source}}, {{result}}"),
        ),
        Panel(
            "Fichiers par verdict",
            "Accepté, doublon, refusé, dans la dernière journée. Un fichier refusé ouvre un ticket, même vide.",
            une("sum by (source, result) (increase(bus_ingest_files_total[1d]))", "{{source}}, {{result}}"),
        ),
        Panel(
            "Part de rejets",
            "Au-delà de 2 %, un ticket : le format de la caisse a peut-être changé.",
            une(f"({_REJECTED} or 0 * {_READ}) / {_READ}", "{{source}}"),
            Unite.PART,
            Genre.COURBE,
            Seuils(0.02, 0.1),
        ),
        Panel(
            "Écart de rapprochement",
            "Enregistrements annoncés et non lus. Autre chose que 0 réveille quelqu’un.",
            une("max by (source) (bus_ingest_reconciliation_gap_records)", "{{source}}"),
            Unite.NOMBRE,
            Genre.NOMBRE,
            Seuils(1, 1),
        ),
        Panel(
            "Contacts en attente d’autorité",
            "Contacts reçus avant le dossier de la personne ; ils expirent d’eux-mêmes.",
            une("max(bus_contacts_waiting)"),
            Unite.NOMBRE,
            Genre.NOMBRE,
        ),
        Panel(
            "Retard amont p50 et p90",
            "De la date que porte le fichier à son acceptation : ce retard n’est pas le nôtre, il se dit à l’émetteur.",
            tuple(
                Requete(
                    f"histogram_quantile({part}, sum by (le, source) "
                    "(rate(bus_ingest_source_delay_seconds_bucket[1d])))",
                    f"{{{{source}}}}, {name}",
                )
                for part, name in (("0.5", "p50"), ("0.9", "p90"))
            ),
            Unite.SECONDES,
        ),
        Panel(
            "Attente du contact p50 et p90",
            "De l’entrée en droits et devoirs au jour où un contact est connu : ce que vivent les personnes.",
            tuple(
                Requete(f"histogram_quantile({part}, sum by (le) (rate(bus_contact_wait_seconds_bucket[1d])))", name)
                for part, name in (("0.5", "p50"), ("0.9", "p90"))
            ),
            Unite.SECONDES,
        ),
    ),
)

FLUX: Final = Dashboard(
    "bus-d03-flux-et-retards",
    "D3",
    "Flux et retards",
    "Où est-ce que cela s’accumule, et cela se résorbe-t-il ?",
    (
        Panel(
            "Retard par groupe et topic",
            "Âge du plus ancien message non lu, les dix pires ; le nombre de messages, lui, ne dit rien de grave.",
            une(
                "topk(10, max by (consumer_group, topic) (bus_consumer_lag_seconds))", "{{consumer_group}} · {{topic}}"
            ),
            Unite.SECONDES,
            Genre.COURBE,
            Seuils(300, 600),
        ),
        Panel(
            "Pente du retard",
            "Secondes de retard gagnées par seconde : 1 = rien n’est lu, 0 = stable, négatif = il se résorbe.",
            une(
                "max by (consumer_group) (deriv(bus_consumer_lag_seconds[15m]))",
                "{{consumer_group}}",
            ),
            Unite.NOMBRE,
            Genre.COURBE,
            Seuils(0.5, 0.9),
        ),
        Panel(
            "Messages non lus",
            "À lire avec le retard : 5 000 messages d’un fichier de nuit sont normaux.",
            une(
                "topk(10, sum by (consumer_group, topic) (bus_consumer_lag_records))", "{{consumer_group}} · {{topic}}"
            ),
        ),
        Panel(
            "Avancée des groupes",
            "Messages validés par seconde. 0 avec des messages non lus : le groupe est bloqué.",
            une(
                "topk(10, sum by (consumer_group, topic) (rate(bus_consumer_committed_offset[5m])))",
                "{{consumer_group}} · {{topic}}",
            ),
            Unite.PAR_SECONDE,
        ),
        Panel(
            "Proximité de la rétention",
            "Part de la rétention consommée par le retard : à 1, des messages expirent sans avoir été lus.",
            une(
                "topk(10, max by (consumer_group, topic) (bus_consumer_lag_seconds"
                " / on (topic) group_left () max by (topic) (bus_topic_retention_seconds)))",
                "{{consumer_group}} · {{topic}}",
            ),
            Unite.PART,
            Genre.COURBE,
            Seuils(0.25, 0.5),
        ),
        Panel(
            "Messages expirés sans avoir été lus",
            "Toujours 0. Autre chose est une perte : rejouer depuis le journal.",
            une("sum(increase(bus_consumer_records_lost_total[1d])) or vector(0)"),
            Unite.NOMBRE,
            Genre.NOMBRE,
            Seuils(1, 1),
        ),
        Panel(
            "Âge de la mesure",
            "Au-delà de 2 minutes, les courbes de retard de cette page ne valent plus rien.",
            une("time() - max(bus_lag_exporter_last_success_timestamp_seconds)"),
            Unite.SECONDES,
            Genre.NOMBRE,
            Seuils(60, 120),
        ),
        Panel(
            "Débit par étage",
            "Événements sortis de chaque étage.",
            une("sum by (stage) (rate(bus_events_processed_total[5m]))", "{{stage}}"),
            Unite.PAR_SECONDE,
        ),
        Panel(
            "Durée des lots p95 par étage",
            "Un étage qui ralentit se voit ici avant de se voir dans le retard.",
            une(
                "histogram_quantile(0.95, sum by (le, stage) (rate(bus_processing_duration_seconds_bucket[15m])))",
                "{{stage}}",
            ),
            Unite.SECONDES,
        ),
        Panel(
            "Durée des lots",
            "Combien de lots, de quelle durée.",
            une("sum by (le) (increase(bus_processing_duration_seconds_bucket[5m]))", "{{le}}"),
            Unite.NOMBRE,
            Genre.CHALEUR,
        ),
        Panel(
            "Non routables",
            "Événements sans autorité trouvée, dans les dernières 24 heures : ils sont en quarantaine, voir D6.",
            une("sum by (reason) (increase(bus_routing_unroutable_total[1d]))", "{{reason}}"),
        ),
    ),
)
