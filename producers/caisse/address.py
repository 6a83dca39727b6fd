"""The main address of a household, as written."""

from lxml import etree

from producers.caisse.blocks import ROOT, Blocks, blocks_of, optional_date, texts_of
from producers.caisse.observation import Address


def main_address(found: list[etree._Element]) -> Address | None:
    """Read the address of rank 01, else the first one; None when there is none."""
    addresses = [child for child in found[0] if child.tag == "Adresse"] if found else []
    if not addresses:
        return None
    blocks = [blocks_of(address) for address in addresses]
    common = [texts_of(block["TroncCommunAdresse"][0]) if "TroncCommunAdresse" in block else {} for block in blocks]
    main = next((index for index, texts in enumerate(common) if texts.get("RGADR", "").lstrip("0") == "1"), 0)
    return _read_address(common[main], blocks[main])


def _read_address(common: dict[str, str], blocks: Blocks) -> Address:
    path = f"{ROOT}/DonneesAdministratives/Adresse/TroncCommunAdresse"
    french = texts_of(blocks["AdresseDetailleeFrance"][0]) if "AdresseDetailleeFrance" in blocks else {}
    abroad = texts_of(blocks["AdresseHorsFrance"][0]) if "AdresseHorsFrance" in blocks else {}
    street = " ".join(french[name] for name in ("LIBTYPEVOIE", "NOMVOIE") if name in french)
    return Address(
        lignes=tuple(
            [french[name] for name in ("COMPLIDEADR", "COMPLADR", "LIEUDIST") if name in french]
            + [abroad[name] for name in (f"LIBLIG{line}ADR" for line in range(2, 8)) if name in abroad]
        ),
        numero=french.get("NUMVOIE"),
        voie=street or None,
        code_postal=french["CODEPOS"].rjust(5, "0") if "CODEPOS" in french else None,
        commune_insee=french["NUMCOM"].rjust(5, "0") if "NUMCOM" in french else None,
        commune=french.get("NOMCOM"),
        pays=common.get("PAYS"),
        since=optional_date(common, "DTEMM", path),
    )
