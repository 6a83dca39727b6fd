"""A few files about invented people that make the bus tell every type of event there is, day by day."""

from dataclasses import dataclass, replace
from pathlib import Path

from helpers.vrsb_file import Fichier, Foyer, Who, mensuel, nir13, nir15, quotidien

ALBA = Who(nir=nir13(1))
LEO = Who(prenom="LEO", role="CJT", nir=nir13(2), sexe="1")
EVE = Who(prenom="EVE", nir=nir13(3))
ANA = Who(prenom="ANA", nir=nir13(4))
NOE = Who(prenom="NOE")
UNE = Who(prenom="UNE", nir=nir13(5))
LISE = Who(prenom="LISE", nir=nir13(6))

COUPLE = Foyer(who=(ALBA, LEO))
TWIN = Foyer(numero="00000000252", who=(NOE,))
PAUSE = Foyer(numero="00000000352", who=(EVE,))
MOVER = Foyer(numero="00000000452", who=(ANA,))
QUIET = tuple(Foyer(numero=f"00000001{n}52", who=(Who(prenom=f"CALME{'ABC'[n]}"),)) for n in range(3))
BROKEN = Foyer(numero="00000009952", who=(Who(prenom="FAUX"),), etat="9")
ENTRANT = Foyer(numero="00000000552", who=(UNE,))
LATER = Foyer(numero="00000000652", who=(LISE,))
DIJON = Foyer(numero="00000000821", ideparte="021", numorg="211", commune="21231", who=(Who(prenom="ICI"),))
ARRIVED = replace(DIJON, numero="00000000921", who=(ALBA,))
LOST = Foyer(numero="00000000169", ideparte="069", numorg="691", commune="00000", who=(Who(prenom="OU"),))
LYON = replace(LOST, numero="00000000269", commune="69123", who=(Who(prenom="LA"),))

CONTACTS = (
    "MATRICULE;ROLE PERSONNE;TYPE PERSONNE;NIR;NUMERO DEMANDE RSA;NUMERO TELEPHONE DOSSIER;NUMERO TELEPHONE 2 DOSSIER;"
    "ADRESSE ELECTRONIQUE DOSSIER\n"
    f"T;DEMANDEUR;MADAME;{nir15(1)};152;639980001;;zz.alba@example.fr\n"
    "T;DEMANDEUR;MADAME;;777;639980002;;zz.inconnue@example.fr"  # nobody yet: it waits
)


@dataclass(frozen=True)
class Day:
    """Files that may arrive in any order."""

    name: str
    files: dict[str, bytes]

    def write(self, folder: Path) -> list[Path]:
        paths = []
        for name, octets in self.files.items():
            (folder / name).write_bytes(octets)
            paths.append(folder / name)
        return paths


def _day(name: str, **files: Fichier) -> Day:
    return Day(name, {f"rsa.{name}.{key}.xml": file.octets() for key, file in files.items()})


DAYS = (
    _day(
        "stock",
        haute_marne=mensuel(COUPLE, TWIN, PAUSE, MOVER, *QUIET, BROKEN),
        cote_d_or=mensuel(DIJON),
        rhone=mensuel(LOST, LYON),
    ),
    Day("contacts", {"contact.20260309.csv": CONTACTS.encode()}),
    _day(
        "lundi",
        haute_marne=quotidien(
            ENTRANT,
            replace(PAUSE, etat="4", motifs=("AB",)),
            replace(TWIN, who=(replace(NOE, nir=nir13(1)),)),
            replace(MOVER, voie="D AILLEURS"),
        ),
        tronque=quotidien(MOVER, annonces=99, jour="2026-03-09"),
    ),
    _day(
        "mardi",
        haute_marne=quotidien(
            PAUSE, replace(COUPLE, etat="5", cloture="MUT", who=(ALBA, LEO), prenant="211"), jour="2026-03-11"
        ),
    ),
    _day("mercredi", cote_d_or=quotidien(ARRIVED, jour="2026-03-12")),
)
DURING_ROTATION = _day("jeudi", haute_marne=quotidien(LATER, jour="2026-03-13"))
