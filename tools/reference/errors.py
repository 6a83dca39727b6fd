"""The page of every code that somebody may meet: what it means, what to do."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, assert_never

from bus.reasons import Explained, Reason
from consumers.connectors.destination import BUILT
from consumers.connectors.port import Again, Answer, Delivered, Park, Signal, Stay, Stop
from consumers.connectors.registry import CHANNELS
from consumers.connectors.webhook.outcome import decide, outcome_of, signal
from consumers.faults import Wrong
from consumers.ledger.fates import Etat, Why
from consumers.settings import DeliverSettings
from producers.journal.observation import Code, Motif
from producers.journal.verdict import Verdict
from tools.reference.commands import exit_rows
from tools.reference.markdown import Pages, code, link, page, section, table

STATUSES: Final = (200, 202, 204, 301, 400, 401, 403, 404, 408, 409, 410, 413, 422, 425, 429, 500, 502, 503, 504)
_COLUMNS: Final = ("code", "sens", "que faire")
_PLACE: Final = re.compile(r"\{\w+\}")


def pages() -> Pages:
    """Give the page."""
    return {
        "erreurs.md": page(
            "Erreurs, refus et issues",
            "Chaque code stable, ce qu’il veut dire, ce qu’il faut faire. Un code ne change pas d’une version à "
            "l’autre ; "
            "aucun message ne contient de donnée d’une personne.",
            section("Fichiers : verdict", _codes(Verdict)),
            section(
                "Fichiers : motif de refus",
                f"Champ {code('motif')} de {link('flux.rejete', 'evenements/flux.rejete.md')}, et de "
                f"{code('bus ingest --json')}.",
                _codes(Motif),
            ),
            section(
                "Enregistrements mis de côté",
                f"Champ {code('code')} de {link('enregistrement.rejete', 'evenements/enregistrement.rejete.md')} ; "
                f"{code('chemin')} dit où. Les octets sont gardés scellés.",
                _codes(Code),
            ),
            section(
                "Quarantaine",
                f"En-tête {code('motif')} du topic {code('quarantaine')}, étiquette {code('reason')} des "
                f"{link('métriques', 'metriques.md')}. Rien n’est perdu : le message y reste tel qu’il est arrivé.",
                _codes(Reason),
            ),
            _deliveries(),
            section(
                "Abonnements refusés",
                f"Ce que dit {code('bus subscription apply')} : rien n’est appliqué tant qu’il reste une faute.",
                table(("faute", "message", "remède"), _wrong()),
            ),
            section("Codes de sortie de bus", table(_COLUMNS, exit_rows())),
        )
    }


def _codes(kind: Iterable[Explained]) -> str:
    return table(_COLUMNS, ((code(one.value), one.meaning, one.action) for one in kind))


def _wrong() -> Iterator[tuple[str, str, str]]:
    """Give what may be wrong in any subscription, then what each channel adds for its own keys."""
    for one in (*Wrong, *(one for member in BUILT.values() for one in member.wrong)):
        yield code(one.value), _PLACE.sub("…", one.meaning), _PLACE.sub("…", one.action)


def _deliveries() -> str:
    return section(
        "Livraisons",
        section(
            "Où en est une livraison", f"Colonne {code('etat')} de {code('bus delivery ls')}.", _codes(Etat), level=3
        ),
        section(
            "Pourquoi elle n’est plus tentée, ou l’est de nouveau",
            f"Colonne {code('cause')} ; après une tentative, la cause dit l’issue ci-dessous.",
            table(("cause", "sens", "que faire"), ((one.value, one.meaning, one.action) for one in Why)),
            level=3,
        ),
        section("Issue d’une tentative", f"Colonne {code('issue')}.", _codes(_outcomes()), level=3),
        section(
            "Ce que le bus fait de votre réponse",
            _schedule(),
            table(("réponse", "issue", "la livraison", "le récepteur"), map(_answered, STATUSES)),
            level=3,
        ),
    )


def _outcomes() -> Iterator[Explained]:
    """Give what may happen to an attempt by any channel, each code once."""
    tables = [channel.table for channel in CHANNELS.values()]
    return iter({one.value: one for table in tables for one in table.outcomes}.values())


def _schedule() -> str:
    """Say how long a delivery is tried, from the settings that are in force by default."""
    ladder = DeliverSettings.model_fields["deliver_ladder"].default
    return (
        f"Une livraison a {len(ladder) + 1} essais, espacés sur {sum(ladder) / 86400:.1f} jours par défaut "
        f"({link('réglages', 'reglages.md')}) ; {code('Retry-After')} est suivi pour 429 et 503. Les tentatives "
        f"faites pour "
        "sonder un récepteur en panne ne comptent pas."
    ).replace(".", ",", 1)


def _answered(status: int) -> tuple[str, str, str, str]:
    answer = Answer(outcome_of(status), status)
    return code(status), code(answer.outcome.value), _fate(answer), _ENDPOINT[signal(answer)]


def _fate(answer: Answer) -> str:
    """Say what the first such answer does, and the last one that is bearable."""
    match decide(answer, 0, counted=True, jitter=1.0):
        case Delivered():
            return "est livrée"
        case Stop():
            return "attend : l’abonnement s’arrête, jusqu’à ce qu’il soit appliqué de nouveau"
        case Park():
            return "est parquée aussitôt"
        case Stay():
            return "attend que le récepteur aille mieux, sans dépenser d’essai"
        case Again():
            return f"est retentée, puis parquée après {_tries(answer)} essais"
        case other:
            assert_never(other)


def _tries(answer: Answer) -> int:
    spent = 0
    while isinstance(fate := decide(answer, spent, counted=True, jitter=1.0), Again):
        spent = fate.tries
    return spent + 1


_ENDPOINT: Final = {
    Signal.ALIVE: "va bien",
    Signal.BUSY: "demande moins : la cadence baisse de moitié",
    Signal.FAILING: "souffre : la cadence baisse, puis des sondes espacées",
    Signal.UNREACHABLE: "ne répond pas : des sondes espacées",
    Signal.REFUSED: "refuse l’accès : plus rien ne part que des sondes",
    Signal.MISSING: "adresse suspecte : des sondes, quand trois personnes de suite reçoivent 404",
}
