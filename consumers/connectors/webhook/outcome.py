"""What an HTTP answer means: for the delivery, for its lane, for the endpoint. Pure; source: design.md §9.7."""

from typing import Final

from bus.reasons import Explained
from consumers.connectors.port import (
    Answer,
    Decision,
    Delivered,
    Park,
    Signal,
    Stay,
    Stop,
    Table,
    spend,
)
from consumers.schedule import DETERMINISTIC_TRIES, LADDER

_REACH = "Vérifiez l’adresse de l’abonnement et le pare-feu du récepteur ; la livraison est retentée, rien n’est perdu."


class Outcome(Explained):
    """How an attempt ended; the label of ``bus_delivery_attempts_total``. A 3xx, never followed, counts as http_4xx.

    The meaning of an outcome without status code is what ``why`` tells.
    """

    SUCCESS = "success", "le récepteur a répondu 2xx", "Rien."
    HTTP_4XX = (
        "http_4xx",
        "le récepteur répond 3xx ou 4xx",
        "Le récepteur refuse la requête : voyez chaque code ci-dessous ; une redirection n’est jamais suivie.",
    )
    HTTP_5XX = (
        "http_5xx",
        "le récepteur répond 5xx",
        "Le récepteur est en panne : réparez-le, la livraison est retentée.",
    )
    TIMEOUT = (
        "timeout",
        "pas de réponse complète dans le délai",
        "Répondez 2xx dès que l’événement est gardé, et traitez-le ensuite ; le délai est BUS_DELIVER_TIMEOUT.",
    )
    DNS = "dns", "le nom du récepteur ne se résout pas", _REACH
    TLS = (
        "tls",
        "la connexion TLS a échoué (certificat ou protocole)",
        "Renouvelez le certificat ou servez sa chaîne entière ; une autorité privée se donne par BUS_DELIVER_CA_FILE.",
    )
    CONNECT = "connect", "la connexion a échoué ou a été coupée", _REACH
    BLOCKED = (
        "blocked",
        "adresse interdite : elle n’est pas publique",
        "Donnez une adresse publique ; sur un poste local seulement, BUS_DESTINATIONS_PRIVEES l’autorise.",
    )


def outcome_of(code: int) -> Outcome:
    """Give the outcome of a status code."""
    if 200 <= code < 300:
        return Outcome.SUCCESS
    return Outcome.HTTP_5XX if code >= 500 else Outcome.HTTP_4XX


def retry_after(code: int, asked: float) -> float:
    """Give the seconds that a receiver asks to wait; heard from 429 and 503 only."""
    return asked if code in (429, 503) else 0.0


def signal(answer: Answer) -> Signal:
    """Give what the gate of the endpoint learns from an answer."""
    match answer.code:
        case None:
            return Signal.UNREACHABLE
        case 429:
            return Signal.BUSY
        case 401 | 403:
            return Signal.REFUSED
        case 404:
            return Signal.MISSING
    if answer.outcome is Outcome.TIMEOUT:
        return Signal.UNREACHABLE
    return Signal.FAILING if answer.outcome is Outcome.HTTP_5XX else Signal.ALIVE


def decide(answer: Answer, tries: int, *, counted: bool, jitter: float, ladder: tuple[float, ...] = LADDER) -> Decision:
    """Decide the fate of a delivery after an attempt.

    Args:
        answer: how the attempt ended.
        tries: tries spent before this one.
        counted: whether this attempt spends a try: false for a probe and while the breaker is open.
        jitter: factor of the wait, drawn by the caller in [0.8, 1.2].
        ladder: seconds before each new try.
    """
    if answer.outcome is Outcome.SUCCESS:
        return Delivered()
    if answer.code == 410:
        return Stop()
    if answer.code == 413:
        return Park()
    if not counted or answer.code in (401, 403):
        return Stay()
    limit = DETERMINISTIC_TRIES if _deterministic(answer) else len(ladder) + 1
    return spend(tries + 1, limit=limit, ladder=ladder, jitter=jitter, asked=answer.retry_after)


def _deterministic(answer: Answer) -> bool:
    """Tell whether the same request can only get the same answer: 3xx and 4xx, except those that speak of time."""
    return answer.outcome is Outcome.HTTP_4XX and answer.code not in (408, 409, 425, 429)


def why(answer: Answer) -> str | None:
    """Say in French why an attempt failed; nothing of the receiver's answer but its code. None for a success."""
    if answer.outcome is Outcome.SUCCESS:
        return None
    answered = answer.outcome in (Outcome.HTTP_4XX, Outcome.HTTP_5XX)
    return f"le récepteur répond {answer.code}" if answered else answer.outcome.meaning


TABLE: Final = Table(Outcome, Outcome.SUCCESS, decide, signal, why)
