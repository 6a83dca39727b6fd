"""``bus synth``: invent a world, write its files and their truth."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bus.errors import InvalidEvent, Refused
from guichet.output import emit, json_option, note

if TYPE_CHECKING:
    from synth.config import Config
    from synth.generate import Written

_MOST = 1_000_000
_OURS = ("rsa.*.xml", "contact.*.csv", "verite.json", ".verite.*")


@click.command()
@click.option(
    "--authority",
    "authorities",
    multiple=True,
    required=True,
    metavar="CODE",
    help="Autorité (52, 69M, 20R…) ; répétable.",
)
@click.option("--seed", default=1, show_default=True, help="Graine : même graine, mêmes octets.")
@click.option(
    "--households", default=200, show_default=True, type=click.IntRange(1, 1_000_000), help="Foyers par autorité."
)
@click.option("--months", default=2, show_default=True, type=click.IntRange(1, 36), help="Nombre de mois.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Dossier à remplir.")
@click.option("--start", default="2026-01", show_default=True, type=click.DateTime(["%Y-%m"]), help="Premier mois.")
@click.option(
    "--dailies", default=22, show_default=True, type=click.IntRange(0, 31), help="Quotidiens par mois, au plus."
)
@click.option(
    "--contacts", default=5, show_default=True, type=click.IntRange(0, 5), help="Fichiers de contact par mois, au plus."
)
@click.option(
    "--anomalies", default=0.03, show_default=True, type=click.FloatRange(0, 1), help="Part de fichiers abîmés."
)
@click.option(
    "--caisses",
    default=0,
    type=click.IntRange(0, 2),
    help="Caisses par autorité : 1, 2, ou 0 pour laisser faire la graine.",
)
@click.option("--force", is_flag=True, help="Remplace les fichiers d’un monde précédent.")
@json_option
def synth(*, out: Path, force: bool, as_json: bool, start: datetime, **asked: Any) -> None:  # noqa: ANN401 - click's options
    """Invente des foyers et écrit leurs fichiers, avec la vérité à côté (verite.json)."""
    from synth.config import Config
    from synth.generate import generate

    config = Config(start=start.date(), **_checked(asked))
    _make_room(out, force=force)
    report = generate(config, out, note)
    emit(_summary(config, out, report), as_json=as_json, text=lambda: _sentence(out, report))


def _checked(asked: dict[str, Any]) -> dict[str, Any]:
    """Give the options with authority codes as the bus writes them; refuse those unknown or asked for twice."""
    codes = tuple(_authority(code) for code in asked["authorities"])
    if len(set(codes)) < len(codes):
        raise Refused("une autorité est demandée deux fois")
    if len(codes) * asked["households"] > _MOST:
        raise Refused("un monde tient un million de foyers au plus : au-delà, les identités ne seraient plus uniques")
    return asked | {"authorities": codes}


def _authority(code: str) -> str:
    """Accept the code of an authority, or a spelling of IDEPARTE that names one alone."""
    from bus.territory import authority, authority_codes

    if code in authority_codes():
        return code
    try:
        return authority(code, None)
    except InvalidEvent as error:
        raise Refused(f"autorité inconnue : {code} (exemples : 52, 69M, 69D, 6AE, 20R)") from error


def _make_room(out: Path, *, force: bool) -> None:
    """Make the folder; remove an earlier world only when told to, and nothing else."""
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()) and not force:
        raise Refused(f"{out} n’est pas vide : choisissez un autre dossier, ou --force")
    for pattern in _OURS:
        for old in out.glob(pattern):
            old.unlink()


def _summary(config: "Config", out: Path, report: "Written") -> dict[str, Any]:
    return {
        "dossier": str(out),
        "verite": str(out / "verite.json"),
        "graine": config.seed,
        "autorites": list(config.authorities),
        "foyers": config.households * len(config.authorities),
        "personnes": report.people,
        "fichiers": report.files,
        "enregistrements": report.records,
        "octets": report.octets,
        "evenements": report.events,
        "resume": report.months,
        "secondes": round(report.seconds, 2),
    }


def _sentence(out: Path, report: "Written") -> str:
    events = sum(report.events.values())
    return (
        f"{report.files} fichiers, {report.records} enregistrements, {report.people} personnes, "
        f"{events} événements attendus, dans {out} ({report.seconds:.1f} s)"
    )
