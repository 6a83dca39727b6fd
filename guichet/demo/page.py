"""The page that ends the demonstration: plain French, where to look, how to stop."""

import shlex
from collections.abc import Mapping
from statistics import median
from typing import Any, Final

from guichet.demo.story import Numbers

_REASONS: Final[Mapping[str, str]] = {
    "commune_inconnue": "commune inconnue : rien ne dit laquelle des deux autorités du Rhône est compétente",
    "autorite_inconnue": "département inconnu",
    "compteur": "le nombre de dossiers annoncé n’est pas celui du fichier",
    "xml": "fichier tronqué ou mal formé",
    "schema": "fichier qui ne suit pas le format attendu",
    "encodage": "encodage inconnu ou contredit par le contenu",
}
_MONTHS: Final = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip


def page(found: Numbers, month: str, delays: tuple[float, float], false: list[str]) -> str:
    """Tell the story of the last month."""
    return "\n".join(
        [
            "",
            f"  CE QUE LE BUS A FAIT — {_MONTHS[int(month[5:]) - 1]} {month[:4]}, sur des personnes inventées",
            "",
            f"  {found.people:>6}  personnes (adultes) dans les fichiers des caisses",
            f"  {found.entered:>6}  entrées en droits et devoirs depuis le mois précédent",
            f"  {found.callable_now:>6}  d’entre elles peuvent être appelées aujourd’hui (contact connu)",
            _waited(found),
            "",
            f"  {found.webhooks:>6}  événements remis aux récepteurs des autorités, signés et dans l’ordre",
            f"          du fichier au récepteur : {_seconds(delays[0])} en médiane (p50), {_seconds(delays[1])} au p99",
            "",
            *_aside(found),
            "",
            *_truth(false),
        ]
    )


def addresses(status: Mapping[str, Any], receivers: Mapping[str, str], data: str) -> str:
    """Tell where to look, and how to stop."""
    roles = [f"  {role['role']:<9} {role['metrics']}" for role in status["roles"]]
    listening = [f"  {name:<9} {url}" for name, url in receivers.items()]
    data = shlex.quote(data)
    return "\n".join(
        [
            "  À REGARDER",
            *listening,
            *roles,
            f"  registre  {status['plateforme']['registre']['url']}",
            f"  état      bus dev status --data {data}",
            f"  remises   bus delivery ls --data {data}",
            "",
            f"  ARRÊTER   Ctrl-C, ou : bus dev down --data {data}",
            "",
        ]
    )


def _waited(found: Numbers) -> str:
    if not found.waits:
        return "          aucune n’a attendu son contact"
    middle, most = median(found.waits), max(found.waits)
    return f"  {len(found.waits):>6}  ont dû attendre leur contact : {middle:.0f} jours en médiane, {most} au plus"


def _aside(found: Numbers) -> list[str]:
    lines = [
        *[f"  {count:>6}  événement(s) : {_REASONS.get(why, why)}" for why, count in sorted(found.quarantined.items())],
        *[
            f"  {count:>6}  fichier(s) refusé(s) : {_REASONS.get(why, why)}"
            for why, count in sorted(found.refused_files.items())
        ],
    ]
    if found.refused_records:
        lines.append(f"  {found.refused_records:>6}  dossier(s) illisible(s), gardé(s) scellé(s) pour être réparé(s)")
    return ["  MIS DE CÔTÉ, RIEN N’EST PERDU", *lines] if lines else ["  rien n’a été mis de côté"]


def _truth(false: list[str]) -> list[str]:
    if not false:
        return ["  Ces nombres sont exactement ceux des vies inventées (verite.json)."]
    return ["  CES NOMBRES NE SONT PAS CEUX DES VIES INVENTÉES :", *[f"    {line}" for line in false]]


def _seconds(value: float) -> str:
    return f"{value:.1f} s".replace(".", ",")
