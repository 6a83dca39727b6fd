"""Bénéficiaire files as text: VRSB0801 records from ready templates, no tree in memory.

Source: shared/data/flux/vrsb0801.xsd; shapes of values: domain/formats.md §2.1.
"""

from datetime import date
from typing import Final, NamedTuple

from synth.days import Slot
from synth.draws import Draws
from synth.people import Beneficiary, Family, Minor
from synth.situations import Circumstances, Dwelling, Payer

ENCODINGS: Final = ("windows-1252",) * 6 + ("ISO-8859-1",) * 2 + ("UTF-8",) * 2
# The few characters of windows-1252 that Latin-1 lacks, moved to where its bytes are: Python's own codec is far slower.
_WINDOWS: Final = (("’", "\x92"), ("œ", "\x9c"), ("Œ", "\x8c"))
TRAILER: Final = (
    "<TransmissionFlux><NBTOTDOSRSATRANSM>{:08d}</NBTOTDOSRSATRANSM><NBTOTDOSRSATRANSMANO>{:08d}</NBTOTDOSRSATRANSMANO>"
    "</TransmissionFlux>\n</Racine>\n"
)
_ANOMALY: Final = "<Anomalie><LIBANO>ANOMALIE INVENTÉE</LIBANO></Anomalie>"
_WORK: Final = tuple(
    f"<Activite><REG>{reg}</REG><ACT>{act}</ACT><DDACT>{first}</DDACT></Activite>"
    for reg, act, first in (
        ("GE", "CHO", "2024-03-01"),
        ("AG", "SAL", "2023-09-01"),
        ("GE", "CDD", "2025-06-01"),
        ("GE", "SAN", "2022-01-01"),
    )
)


def _resources(amount: int) -> str:
    months = "".join(
        f"<RessourcesMensuelles><GeneraliteRessourcesMensuelles><MOISRESS>{month}</MOISRESS><NBHEUMENTRA>000</NBHEUMENTRA>"
        "</GeneraliteRessourcesMensuelles><DetailRessourcesMensuelles><NATRESS>001</NATRESS>"
        f"<MTNATRESSMEN>{amount:07d}.00</MTNATRESSMEN></DetailRessourcesMensuelles></RessourcesMensuelles>"
        for month in ("2025-08-01", "2025-09-01", "2025-10-01")
    )
    return (
        f"<Ressources><GeneraliteRessourcesTrimestre><TOPRESSNUL>{int(not amount)}</TOPRESSNUL>"
        "<DDRESS>2025-08-01</DDRESS><DFRESS>2025-10-31</DFRESS></GeneraliteRessourcesTrimestre>"
        f"{months if amount else ''}</Ressources>"
    )


_RESOURCES: Final = tuple(_resources(amount) for amount in (0, 0, 0, 120, 310, 480))
_PFA_TRAP: Final = {
    "DEM": "CJT",
    "CJT": "DEM",
    "RDO": "DEM",
    "AUT": "ENF",
}  # the other role of the person: never the right one


class ToldRecord(NamedTuple):
    """What a record holds beside the situation: facts of a daily, and defects on purpose."""

    facts: tuple[str, ...] = ()
    silent: bool = False
    anomaly: bool = False
    defect: str | None = None


def encoded(text: str, encoding: str) -> bytes:
    """Give the bytes of a text under a declaration; what it cannot hold becomes a character reference."""
    if encoding == "UTF-8":
        return text.encode()
    if encoding == "windows-1252":
        for character, byte in _WINDOWS:
            text = text.replace(character, byte)
    return text.encode("latin-1", "xmlcharrefreplace")


def header(slot: Slot, encoding: str, hour: str) -> str:
    """Give the declaration, the root and IdentificationFlux."""
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<Racine><IdentificationFlux><APPLIEME>CRI</APPLIEME>'
        "<NUMVERSIONAPPLIEME>6200</NUMVERSIONAPPLIEME>"
        f"<TYPEFLUX>{'M' if slot.monthly else 'I'}</TYPEFLUX><NATFLUX>D</NATFLUX>"
        f"<DTCREAFLUX>{slot.day}</DTCREAFLUX><HEUCREAFLUX>{hour}</HEUCREAFLUX>"
        f"<DTREF>{slot.dtref}</DTREF></IdentificationFlux>\n"
    )


def hour(draws: Draws) -> str:
    """Draw HEUCREAFLUX, between one and six in the morning."""
    return f"{1 + draws.below(5):02d}:{draws.below(60):02d}:{draws.below(60):02d}.0000"


def _adult(adult: Beneficiary, household: Family, bound: bool | None, mark: int) -> str:  # noqa: FBT001 - a value of the record
    qual, sex = ("MME", "2") if adult.woman else ("MR", "1")
    second = f"<PRENOM2>{adult.first_names[1][:15]}</PRENOM2>" if len(adult.first_names) > 1 else ""
    nir = f"<NIR>{adult.written_nir}</NIR><TOPVALIEC>1</TOPVALIEC>" if adult.written_nir else ""
    flag = (
        "" if bound is None else
        f"<MontantCalculDroitRSAPersonne><TOPPERSDRODEVORSA>{int(bound)}</TOPPERSDRODEVORSA></MontantCalculDroitRSAPersonne>"
    )  # fmt: skip
    pfa = _PFA_TRAP[adult.role] if mark % 16 == 0 else adult.role
    agency = (
        f"<DossierPoleEmploi><IDASSEDIC>{mark % 10_000_000:07d}X</IDASSEDIC></DossierPoleEmploi>" if mark & 1 else ""
    )
    return (
        f"<Personne><Identification><QUAL>{qual}</QUAL><NOM>{adult.name}</NOM><NOMNAI>{adult.birth_name}</NOMNAI>"
        f"<PRENOM>{adult.first_names[0]}</PRENOM>{second}<NOMCOMNAI>{adult.birth_place}</NOMCOMNAI><DTNAI>{adult.birth}</DTNAI>"
        f"<TYPEDTNAI>N</TYPEDTNAI>{nir}<SEXE>{sex}</SEXE></Identification>"
        f"<DossierCAF><TOPRESPDOS>{int(adult.rank == 0)}</TOPRESPDOS>"
        f"<DDRATDOS>{household.claimed}</DDRATDOS></DossierCAF>"
        f"<Prestations><NATPREST>PFA</NATPREST><ROLEPERS>{pfa}</ROLEPERS><TOPCHAPERS>0</TOPCHAPERS></Prestations>"
        f"<Prestations><NATPREST>RSA</NATPREST><ROLEPERS>{adult.role}</ROLEPERS><TOPCHAPERS>1</TOPCHAPERS></Prestations>"
        f"{agency}{_RESOURCES[mark % 6]}{flag}{_WORK[(mark >> 3) & 3]}</Personne>"
    )


def _child(child: Minor, household: Family) -> str:
    nir = f"<NIR>{child.nir}</NIR>" if child.nir else ""
    flag = (
        "<MontantCalculDroitRSAPersonne><TOPPERSDRODEVORSA>1</TOPPERSDRODEVORSA></MontantCalculDroitRSAPersonne>"
        if child.flagged
        else ""
    )
    return (
        f"<Personne><Identification><NOM>{child.name}</NOM><NOMNAI>{child.name}</NOMNAI>"
        f"<PRENOM>{child.first_name}</PRENOM>"
        f"<NOMCOMNAI>VILLE-INVENTÉE</NOMCOMNAI><DTNAI>{child.birth}</DTNAI>{nir}"
        f"<SEXE>{2 if child.woman else 1}</SEXE></Identification>"
        f"<DossierCAF><TOPRESPDOS>0</TOPRESPDOS><DDRATDOS>{household.claimed}</DDRATDOS></DossierCAF>"
        "<Prestations><NATPREST>PFA</NATPREST><ROLEPERS>ENF</ROLEPERS><TOPCHAPERS>1</TOPCHAPERS></Prestations>"
        f"<Prestations><NATPREST>RSA</NATPREST><ROLEPERS>ENF</ROLEPERS><TOPCHAPERS>1</TOPCHAPERS></Prestations>{flag}</Personne>"
    )


def _address(address: Dwelling, mark: int) -> str:
    since = f"<DTEMM>{address.moved_in}</DTEMM>" if address.moved_in else ""
    abroad = address.commune is None and not address.homeless
    head = (
        f"<Adresse><TroncCommunAdresse><RGADR>01</RGADR>{since}<PAYS>{'HOR' if abroad else 'FRA'}</PAYS>"
        "<TYPEADR>D</TYPEADR><ETATADR>CO</ETATADR></TroncCommunAdresse>"
    )
    if abroad:
        lines = "".join(f"<LIBLIG{line}ADR/>" for line in range(4, 8))
        street = "<LIBLIG2ADR>1 INVENTED STREET</LIBLIG2ADR><LIBLIG3ADR>FICTIONIA</LIBLIG3ADR>"
        return f"{head}<AdresseHorsFrance>{street}{lines}</AdresseHorsFrance></Adresse>"
    if address.commune is None:
        return f"{head}</Adresse>"
    return f"{head}{_detailed(address)}</Adresse>{_older_address(mark)}"


def _detailed(address: Dwelling) -> str:
    commune = address.commune
    if commune is None:
        return ""
    return (
        f"<AdresseDetailleeFrance><COMPLIDEADR>{address.complement}</COMPLIDEADR><COMPLADR/><NUMVOIE>{address.number}</NUMVOIE>"
        f"<LIBTYPEVOIE>{address.kind}</LIBTYPEVOIE><NOMVOIE>{address.street}</NOMVOIE><LIEUDIST>{address.place}</LIEUDIST>"
        f"<NUMCOM>{commune.code}</NUMCOM><CODEPOS>{commune.postal}</CODEPOS><NOMCOM>{commune.label}</NOMCOM></AdresseDetailleeFrance>"
    )


def _older_address(mark: int) -> str:
    """Give 30 % of the dossiers a second address, which must never be taken for the first."""
    if mark % 10 > 2:
        return ""
    return (
        "<Adresse><TroncCommunAdresse><RGADR>02</RGADR><PAYS>FRA</PAYS><TYPEADR>D</TYPEADR><ETATADR>NC</ETATADR>"
        "</TroncCommunAdresse>"
        f"<AdresseDetailleeFrance><COMPLIDEADR/><COMPLADR/><NUMVOIE>{1 + mark % 89}</NUMVOIE>"
        "<LIBTYPEVOIE>RUE</LIBTYPEVOIE>"
        "<NOMVOIE>DE L’ANCIENNE ADRESSE</NOMVOIE><LIEUDIST/><NUMCOM>51108</NUMCOM><CODEPOS>51000</CODEPOS>"
        "<NOMCOM>CHÂLONS-EN-CHAMPAGNE</NOMCOM></AdresseDetailleeFrance></Adresse>"
    )


def _blocks(situation: Circumstances) -> str:
    """Give the blocks that the schema ties to the state."""
    match situation.state:
        case "1":
            return "<Refus><DTREFURSA>2025-12-01</DTREFURSA><MOTIREFURSA>DSD</MOTIREFURSA></Refus>"
        case "3":
            return "".join(
                f"<SuspensionDroit><MOTISUSDRORSA>{reason}</MOTISUSDRORSA><DDSUSDRORSA>{day}</DDSUSDRORSA></SuspensionDroit>"
                for reason, day in situation.suspensions
            )
        case "4":
            return "".join(
                f"<SuspensionVersement><MOTISUSVERSRSA>{reason}</MOTISUSVERSRSA><DDSUSVERSRSA>{day}</DDSUSVERSRSA></SuspensionVersement>"
                for reason, day in situation.suspensions
            )
        case "5" | "6" if situation.ending:
            name = "FinDroit" if situation.state == "5" else "FinDroitMoisAnterieur"
            reason, day = situation.ending
            return f"<{name}><MOTICLORSA>{reason}</MOTICLORSA><DTCLORSA>{day}</DTCLORSA></{name}>"
        case _:
            return ""


def _moves(situation: Circumstances) -> str:
    parts = ""
    if situation.taken_from:
        parts += _body(situation.taken_from, "OrganismeCedant", "CEDMUT", "DDARRMUT")
    if situation.given_to:
        parts += _body(situation.given_to, "OrganismePrenant", "PRENMUT", "DDDEPAMUT")
    return parts


def _body(body: Payer, block: str, suffix: str, day: str) -> str:
    return (
        f"<{block}><FONORG{suffix}>{body.fonorg}</FONORG{suffix}><NUMORG{suffix}>{body.numorg}</NUMORG{suffix}>"
        f"<{day}>{body.day}</{day}></{block}>"
    )


def record(household: Family, situation: Circumstances, told: ToldRecord) -> str:
    """Give one InfosFoyerRSA. ``told.silent`` leaves the obligation of everybody out, which changes nothing."""
    caisse, mark = household.caisse, household.number * 2_654_435_761 % 4_294_967_291
    claimed = "2025-02-31" if told.defect == "date_impossible" else household.claimed
    hidden = told.silent or situation.silent
    people = "".join(
        _adult(adult, household, None if hidden else situation.bound[adult.rank], mark + adult.rank)
        for adult in household.adults
        if situation.present[adult.rank]
    ) + "".join(_child(child, household) for child in household.children)
    state = "" if told.defect == "etat_absent" else f"<ETATDOSRSA>{situation.state}</ETATDOSRSA>"
    return (
        f"<InfosFoyerRSA><IdentificationRSA><Organisme><FONORG>{caisse.fonorg}</FONORG>"
        f"<NUMORG>{caisse.numorg}</NUMORG><MATRICULE>{household.matricule}</MATRICULE></Organisme>"
        f"<Partenaire><TYPEPARTE>CG </TYPEPARTE><IDEPARTE>{caisse.ideparte}</IDEPARTE></Partenaire>"
        f"<DemandeRSA><DTDEMRSA>{claimed}</DTDEMRSA><NUMDEMRSA>{household.claim}</NUMDEMRSA></DemandeRSA>"
        f"{_moves(situation)}</IdentificationRSA>{people}<DonneesAdministratives><SituationFamille>"
        f"<SITFAM>{'VIM' if len(household.adults) > 1 else 'CEL'}</SITFAM>"
        f"<DDSITFAM>2019-01-01</DDSITFAM></SituationFamille>"
        f"{_address(situation.address, mark)}</DonneesAdministratives><PrestationRSA>"
        f"<SituationDossierRSA><EtatDossierRSA>{state}</EtatDossierRSA>{_blocks(situation)}</SituationDossierRSA>"
        f"<DetailDroitRSA><TroncCommunDroitRSA>"
        f"<TOPSANSDOMFIXE>{int(situation.address.homeless)}</TOPSANSDOMFIXE>"
        f"<NBENFAUTCHA>{len(household.children):02d}</NBENFAUTCHA>"
        f"<ORIDEMRSA>DEM</ORIDEMRSA></TroncCommunDroitRSA><DetailCalculDroitRSA><NATPF>RSD</NATPF><SOUSNATPF>RSDN1</SOUSNATPF>"
        f"<DDNATDRO>{household.claimed}</DDNATDRO></DetailCalculDroitRSA></DetailDroitRSA></PrestationRSA>"
        f"{''.join(told.facts)}{_ANOMALY if told.anomaly else ''}</InfosFoyerRSA>\n"
    )


def evidence(day: date, codes: tuple[str, ...]) -> tuple[str, ...]:
    """Give the facts of a daily: evidence that a difference engine may carry and must not trust."""
    return tuple(
        f"<Evenement><DTLIQ>{day}</DTLIQ><HEULIQ>08:30:00.0000</HEULIQ><FG>{code}</FG></Evenement>" for code in codes
    )
