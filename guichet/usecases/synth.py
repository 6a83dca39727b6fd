"""An invented world, written into a folder with its truth."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bus.errors import InvalidEvent, Refused
from bus.territory import authority, authority_codes
from synth.config import Config
from synth.generate import WorldReport, generate

_MOST: Final = 1_000_000
_OURS: Final = ("rsa.*.xml", "contact.*.csv", "verite.json", ".verite.*")


@dataclass(frozen=True, slots=True)
class Invented:
    """What was written, under the keys of the command's ``--json``."""

    dossier: str
    verite: str
    graine: int
    autorites: list[str]
    foyers: int
    personnes: int
    fichiers: int
    enregistrements: int
    octets: int
    evenements: Mapping[str, int]
    resume: list[dict[str, Any]]
    secondes: float


def invent(asked: Mapping[str, Any], out: Path, tell: Callable[[str], None], *, force: bool) -> Invented:
    """Invent households and write their files; the same request writes the same bytes.

    Args:
        asked: the fields of ``synth.config.Config``; codes of authorities in any spelling.
        out: folder, made if it is not there.
        tell: hears a French line a month.
        force: replaces the files of an earlier world, and nothing else.

    Raises:
        Refused: the folder is not empty, or what is asked cannot be.
    """
    config = Config(**_checked(asked))
    _make_room(out, force=force)
    return _invented(config, out, generate(config, out, tell))


def _checked(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Give the request with authority codes as the bus writes them; refuse those unknown or asked for twice."""
    codes = tuple(_authority(code) for code in asked["authorities"])
    if len(set(codes)) < len(codes):
        raise Refused("une autorité est demandée deux fois")
    if len(codes) * asked["households"] > _MOST:
        raise Refused("un monde tient un million de foyers au plus : au-delà, les identités ne seraient plus uniques")
    return {**asked, "authorities": codes}


def _authority(code: str) -> str:
    """Accept the code of an authority, or a spelling of IDEPARTE that names one alone."""
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


def _invented(config: Config, out: Path, report: WorldReport) -> Invented:
    return Invented(
        dossier=str(out),
        verite=str(out / "verite.json"),
        graine=config.seed,
        autorites=list(config.authorities),
        foyers=config.households * len(config.authorities),
        personnes=report.people,
        fichiers=report.files,
        enregistrements=report.records,
        octets=report.octets,
        evenements=report.events,
        resume=report.months,
        secondes=round(report.seconds, 2),
    )
