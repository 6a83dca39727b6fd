"""Where invented people live and who pays them: communes and caisses of an authority."""

from functools import cache
from typing import Final, NamedTuple

from bus import territory
from synth.draws import Draws

UNKNOWN_COMMUNE: Final = "69999"  # in no list: only a 69 needs the commune, so only a 69 is lost by it
_CORSICA: Final = {"2A": "201", "2B": "202"}


class Locality(NamedTuple):
    """A commune as a file writes it; ``postal`` is plausible, sometimes the neighbour's, and never decides anything."""

    code: str
    label: str
    postal: str


class Caisse(NamedTuple):
    """One paying body as one authority sees it: the scope of a monthly file."""

    authority: str
    fonorg: str
    numorg: str
    ideparte: str
    departement: str

    @property
    def suffix(self) -> str:
        """Give the three digits that end a claim number of this caisse."""
        return _CORSICA.get(self.departement, self.ideparte)


def _caisse(authority: str, fonorg: str, departement: str) -> Caisse:
    rank = "1" if fonorg == "CAF" else "9"  # MSA codes are not public
    numorg = _CORSICA.get(departement) or (departement if len(departement) == 3 else departement + rank)
    return Caisse(authority, fonorg, numorg, departement.zfill(3), departement)


def caisses(authority: str, wanted: int) -> tuple[Caisse, ...]:
    """Give the caisses of an authority: one CAF per département, perhaps the MSA; ``wanted`` as in Config."""
    departements = territory.authorities()[authority].departements
    cafs = tuple(_caisse(authority, "CAF", departement) for departement in departements)
    if wanted == 1:
        return cafs[:1]
    if len(cafs) > 1:
        return cafs
    if wanted == 2 or Draws("msa", authority).below(2):
        return (*cafs, _caisse(authority, "MSA", departements[0]))
    return cafs


def _postal(code: str, departement: str) -> str:
    draws = Draws("postal", code)
    zone = "20" if departement in _CORSICA else departement
    if draws.chance(0.04) and zone.isdigit() and len(zone) == 2:
        zone = f"{int(zone) % 95 + 1:02d}"
    return zone + f"{draws.below(10 ** (5 - len(zone))):0{5 - len(zone)}d}"


@cache
def communes_of(authority: str, departement: str) -> tuple[Locality, ...]:
    """Give the communes of one département that belong to one authority, old codes and arrondissements included."""
    metropole = {"69M": True, "69D": False}.get(authority)
    return tuple(
        Locality(code, place.label.upper()[:32].strip(), _postal(code, departement))
        for code, place in sorted(territory.communes().items())
        if place.departement == departement and metropole in (None, place.metropole)
    )


def neighbour(authority: str, departement: str) -> tuple[Locality, ...]:
    """Give communes outside the territory of the authority: a record that carries one is a routing conflict."""
    known = territory.authorities()[authority].departements
    other = next(code for code in ("51", "21", "38") if code != departement and code not in known)
    return communes_of(other, other)
