"""``PrestationRSA`` read by path: the state of the right, what suspends or closes it, what it is made of."""

from typing import Final, TypedDict

from lxml import etree

from producers.caisse.blocks import FLAGS, ROOT, Blocks, any_date, blocks_of, need, one, texts_of
from producers.caisse.observation import Block
from producers.journal.observation import Code, RecordRejected

_ETATS: Final = frozenset("0123456")


class Detail(TypedDict):
    """What the right is made of."""

    sans_domicile: bool | None
    natures: tuple[str, ...]
    origine: str | None


class RightSituation(TypedDict):
    """The state of the right, and the blocks that suspend or close it."""

    etat: str
    suspensions_droit: tuple[Block, ...]
    suspensions_versement: tuple[Block, ...]
    fin: Block | None


def situation(blocks: Blocks) -> RightSituation:
    """Read ``SituationDossierRSA``; ``RecordRejected`` when the state is absent or unknown."""
    path = f"{ROOT}/PrestationRSA/SituationDossierRSA"
    etat = need(texts_of(one(blocks, "EtatDossierRSA", path)), "ETATDOSRSA", f"{path}/EtatDossierRSA")
    if etat not in _ETATS:
        raise RecordRejected(f"{path}/EtatDossierRSA/ETATDOSRSA", Code.VALEUR)
    closing = blocks.get("FinDroit") or blocks.get("FinDroitMoisAnterieur") or []
    return {
        "etat": etat,
        "suspensions_droit": _suspensions(blocks, "SuspensionDroit", path),
        "suspensions_versement": _suspensions(blocks, "SuspensionVersement", path),
        "fin": _block(closing[0], "MOTICLORSA", "DTCLORSA", path) if closing else None,
    }


def _suspensions(blocks: Blocks, name: str, path: str) -> tuple[Block, ...]:
    suffix = "DRORSA" if name == "SuspensionDroit" else "VERSRSA"
    return tuple(_block(found, f"MOTISUS{suffix}", f"DDSUS{suffix}", path) for found in blocks.get(name, ()))


def _block(element: etree._Element, motif: str, since: str, path: str) -> Block:
    texts = texts_of(element)
    here = f"{path}/{element.tag}"
    return Block(need(texts, motif, here).upper(), any_date(texts, since, here), texts.get("NATGROUPFSUS"))


def detail(found: list[etree._Element]) -> Detail:
    """Read ``DetailDroitRSA``, which may be missing."""
    blocks = blocks_of(found[0]) if found else {}
    common = texts_of(blocks["TroncCommunDroitRSA"][0]) if "TroncCommunDroitRSA" in blocks else {}
    natures = (texts_of(line).get("NATPF") for line in blocks.get("DetailCalculDroitRSA", ()))
    return {
        "sans_domicile": FLAGS.get(common.get("TOPSANSDOMFIXE", "")),
        "origine": common.get("ORIDEMRSA"),
        "natures": tuple(dict.fromkeys(nature for nature in natures if nature)),
    }
