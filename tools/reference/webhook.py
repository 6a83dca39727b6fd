"""The page of the request that carries an event: headers, signature, order; on a request that is really signed."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from bus import signature
from consumers.connectors.port import Request
from consumers.connectors.webhook import headers
from consumers.connectors.webhook.destination import Webhook
from consumers.ledger.ids import delivery_id
from tools.reference import story
from tools.reference.markdown import Pages, code, fenced, link, page, section, table

TYPE: Final = "contact.mis_a_jour"
EXAMPLE: Final = "telephone-et-courriel"
SECRET: Final = signature.PREFIX + "c2VjcmV0LWludmVudGUtcG91ci1sYS1kb2M="
"""Invented for this page."""
TIMESTAMP: Final = int(datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp())
_SAID: Final[Mapping[str, str]] = {
    "Content-Type": "CloudEvents 1.0 en JSON, un événement par requête.",
    "webhook-id": "Identifiant de la livraison, le même à chaque tentative et à chaque rejeu : gardez ceux que vous "
    "avez vus, un identifiant déjà vu se répond 2xx sans rien refaire.",
    "webhook-timestamp": f"Instant de cette tentative, en secondes ; refusez au-delà de {signature.TOLERANCE // 60} "
    "minutes d’écart.",
    "webhook-signature": "Une ou plusieurs entrées v1, séparées par des espaces (deux secrets pendant une rotation) : "
    "une seule juste suffit.",
    "webhook-attempt": "Numéro de la tentative, à partir de 1.",
    "traceparent": "Trace W3C de l’événement, la même à chaque tentative.",
    "webhook-gap": "Identifiants de livraisons numérotées qui n’arriveront pas (parquées ou retirées) ; sinon absent.",
}
_TRANSPORT: Final = frozenset({"Accept-Encoding", "Expect"})  # between the client and the server only


def pages() -> Pages:
    """Give the page."""
    body, sent = request()
    answers = link("erreurs.md", "erreurs.md#ce-que-le-bus-fait-de-votre-réponse")
    return {
        "webhook.md": page(
            "Requête du webhook",
            "Un POST par événement, signé selon Standard Webhooks 1.0.0. Le corps est celui que montre la page de "
            "chaque "
            f"{link('type', 'evenements/README.md')} ; ce que le bus fait de votre réponse est dans {answers}.",
            section("En-têtes", table(("en-tête", "ce qu’il dit"), rows())),
            section(
                "Vérifier la signature",
                f"HMAC-SHA-256, sous le secret décodé de base64 (sans {code(signature.PREFIX)}), du texte "
                f"{code('webhook-id.webhook-timestamp.corps')} : les octets reçus, jamais un JSON réécrit. Le "
                f"résultat, "
                f"en base64 après {code('v1,')}, se compare en temps constant.",
                f"Avec le secret inventé {code(SECRET)}, cette requête est juste :",
                fenced("\n".join(["POST /bus HTTP/1.1", *sent, "", body.decode()]), "http"),
            ),
            section(
                "Ordre et complétude",
                f"Une seule livraison en vol par abonnement et par personne ; {code('sequence')} commence à 1 et "
                f"n’a pas "
                f"de trou par ({code('abonnement')}, {code('subject')}), hors ceux que nomme {code(headers.GAP)} : un "
                "récepteur voit lui-même une perte.",
            ),
        )
    }


def request() -> tuple[bytes, tuple[str, ...]]:
    """Give a body, and the header lines under which it leaves."""
    example = story.titles(TYPE)[EXAMPLE]
    body = json.dumps(story.webhook(TYPE, example), ensure_ascii=False, separators=(",", ":")).encode()
    name = delivery_id(UUID(example["id"]), story.ADDRESS.subscription_id)
    sent = headers.lines(_asked(name, example["id"], body), TIMESTAMP)
    return body, tuple(line for line in sent if line.partition(":")[0] not in _TRANSPORT)


def _asked(name: str, event_id: str, body: bytes, *gap: str) -> Request:
    there = Webhook(url="https://si.departement.example/bus", secret_fichier="cd-52.secret")  # noqa: S106 - a name
    secrets = (signature.secret(SECRET),)
    return Request(story.ADDRESS.subscription_id, there, secrets, name, event_id, attempt=1, gap=gap, body=body)


def rows() -> Iterator[tuple[str, str]]:
    """Give each header that a receiver may get, and what it says."""
    with_gap = headers.lines(_asked("", "", b"", "…"), TIMESTAMP)
    for name in (line.partition(":")[0] for line in with_gap):
        if name not in _TRANSPORT:
            yield code(name), _SAID[name]
