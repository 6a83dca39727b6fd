"""VRSB0801 files written in a test: only what the bus reads, in the order of the schema, about invented people."""

from dataclasses import dataclass, field, replace

from bus.identity import nir_key

DAY = "2026-03-02"


def nir13(number: int, *, sexe: str = "2", year: int = 90) -> str:
    """Build a valid NIR of nobody: birth place 99 and a country that is not assigned."""
    return f"{sexe}{year}0199999{number:03d}"


def nir15(number: int) -> str:
    text = nir13(number)
    return text + nir_key(text)


@dataclass(frozen=True)
class Who:
    """An adult, or a child with the role ENF."""

    prenom: str = "ALBA"
    nom: str = "ZZTESTE"
    role: str = "DEM"
    nir: str | None = None
    top: str | None = "1"
    naissance: str = "1990-01-31"
    sexe: str = "2"

    def xml(self) -> str:
        nir = f"<NIR>{self.nir}</NIR>" if self.nir else ""
        top = (
            f"<MontantCalculDroitRSAPersonne><TOPPERSDRODEVORSA>{self.top}</TOPPERSDRODEVORSA>"
            "</MontantCalculDroitRSAPersonne>"
            if self.top is not None
            else ""
        )
        return (
            f"<Personne><Identification><NOM>{self.nom}</NOM><NOMNAI>{self.nom}</NOMNAI><PRENOM>{self.prenom}</PRENOM>"
            f"<NOMCOMNAI>AILLEURS</NOMCOMNAI><DTNAI>{self.naissance}</DTNAI>{nir}<SEXE>{self.sexe}</SEXE></Identification>"
            f"<Prestations><NATPREST>PFA</NATPREST><ROLEPERS>ENF</ROLEPERS><TOPCHAPERS>0</TOPCHAPERS></Prestations>"
            f"<Prestations><NATPREST>RSA</NATPREST><ROLEPERS>{self.role}</ROLEPERS><TOPCHAPERS>1</TOPCHAPERS>"
            f"</Prestations>{top}</Personne>"
        )


@dataclass(frozen=True)
class Foyer:
    """One record. ``motifs`` are reasons of suspension of payment in state 4, of the right in state 3."""

    numero: str = "00000000152"
    who: tuple[Who, ...] = (Who(),)
    etat: str = "2"
    motifs: tuple[str, ...] = ()
    cloture: str | None = None
    ideparte: str = "052"
    numorg: str = "521"
    commune: str = "52448"
    voie: str = "DES ESSAIS"
    cedant: str | None = None
    prenant: str | None = None
    extra: str = ""
    demande: str = "2026-02-15"
    faits: tuple[str, ...] = ()

    def xml(self) -> str:
        people = "".join(one.xml() for one in self.who)
        return f"<InfosFoyerRSA>{self._identification()}{people}{self._reste()}</InfosFoyerRSA>"

    def _identification(self) -> str:
        cedant = (
            f"<OrganismeCedant><FONORGCEDMUT>CAF</FONORGCEDMUT><NUMORGCEDMUT>{self.cedant}</NUMORGCEDMUT>"
            "<DDARRMUT>2026-02-20</DDARRMUT></OrganismeCedant>"
            if self.cedant
            else ""
        )
        prenant = (
            f"<OrganismePrenant><FONORGPRENMUT>CAF</FONORGPRENMUT><NUMORGPRENMUT>{self.prenant}</NUMORGPRENMUT>"
            "<DDDEPAMUT>2026-02-25</DDDEPAMUT></OrganismePrenant>"
            if self.prenant
            else ""
        )
        return (
            f"<IdentificationRSA><Organisme><FONORG>CAF</FONORG><NUMORG>{self.numorg}</NUMORG>"
            f"<MATRICULE>900000100000000</MATRICULE></Organisme><Partenaire><TYPEPARTE>CG </TYPEPARTE>"
            f"<IDEPARTE>{self.ideparte}</IDEPARTE></Partenaire><DemandeRSA><DTDEMRSA>{self.demande}</DTDEMRSA>"
            f"<NUMDEMRSA>{self.numero}</NUMDEMRSA></DemandeRSA>{cedant}{prenant}</IdentificationRSA>"
        )

    def _reste(self) -> str:
        facts = "".join(
            f"<Evenement><DTLIQ>{DAY}</DTLIQ><HEULIQ>10:00:00</HEULIQ><FG>{one}</FG></Evenement>" for one in self.faits
        )
        return (
            "<DonneesAdministratives><SituationFamille><SITFAM>CEL</SITFAM><DDSITFAM>2000-01-01</DDSITFAM>"
            "</SituationFamille><Adresse><TroncCommunAdresse><RGADR>01</RGADR><DTEMM>2026-02-01</DTEMM><PAYS>FRA</PAYS>"
            "<TYPEADR>D</TYPEADR><ETATADR>CO</ETATADR></TroncCommunAdresse><AdresseDetailleeFrance><COMPLIDEADR/>"
            f"<NUMVOIE>1</NUMVOIE><LIBTYPEVOIE>RUE</LIBTYPEVOIE><NOMVOIE>{self.voie}</NOMVOIE>"
            f"<NUMCOM>{self.commune}</NUMCOM><CODEPOS>52000</CODEPOS><NOMCOM>ESSAI</NOMCOM></AdresseDetailleeFrance>"
            "</Adresse></DonneesAdministratives><PrestationRSA><SituationDossierRSA><EtatDossierRSA>"
            f"<ETATDOSRSA>{self.etat}</ETATDOSRSA></EtatDossierRSA>{self._blocs()}</SituationDossierRSA><DetailDroitRSA>"
            "<TroncCommunDroitRSA><TOPSANSDOMFIXE>0</TOPSANSDOMFIXE><ORIDEMRSA>DEM</ORIDEMRSA></TroncCommunDroitRSA>"
            "<DetailCalculDroitRSA><NATPF>RSD</NATPF><SOUSNATPF>RSDN1</SOUSNATPF><DDNATDRO>2026-02-01</DDNATDRO>"
            f"</DetailCalculDroitRSA></DetailDroitRSA></PrestationRSA>{facts}{self.extra}"
        )

    def _blocs(self) -> str:
        kind, suffix = ("SuspensionDroit", "DRORSA") if self.etat == "3" else ("SuspensionVersement", "VERSRSA")
        blocs = "".join(
            f"<{kind}><MOTISUS{suffix}>{motif}</MOTISUS{suffix}><DDSUS{suffix}>2026-02-10</DDSUS{suffix}></{kind}>"
            for motif in self.motifs
        )
        fin = "FinDroitMoisAnterieur" if self.etat == "6" else "FinDroit"
        closing = f"<{fin}><MOTICLORSA>{self.cloture}</MOTICLORSA><DTCLORSA>2026-02-28</DTCLORSA></{fin}>"
        return blocs + (closing if self.cloture else "")


@dataclass(frozen=True)
class Fichier:
    """One file. ``annonces`` and ``anomalies`` override the trailer."""

    foyers: tuple[Foyer, ...] = ()
    typeflux: str = "I"
    jour: str = DAY
    heure: str = "01:18:36.0000"
    dtref: str | None = None
    applieme: str = "CRI"
    annonces: int | None = None
    anomalies: int | None = None
    encoding: str = "UTF-8"
    natflux: str = "D"
    head: str = field(default="", kw_only=True)

    def octets(self) -> bytes:
        marked = sum("<Anomalie>" in foyer.extra for foyer in self.foyers)
        total = len(self.foyers) if self.annonces is None else self.annonces
        text = (
            f'<?xml version="1.0" encoding="{self.encoding}"?>{self.head}<Racine><IdentificationFlux>'
            f"<APPLIEME>{self.applieme}</APPLIEME><NUMVERSIONAPPLIEME>6200</NUMVERSIONAPPLIEME>"
            f"<TYPEFLUX>{self.typeflux}</TYPEFLUX><NATFLUX>{self.natflux}</NATFLUX><DTCREAFLUX>{self.jour}</DTCREAFLUX>"
            f"<HEUCREAFLUX>{self.heure}</HEUCREAFLUX><DTREF>{self.dtref or self.jour}</DTREF></IdentificationFlux>"
            f"{''.join(foyer.xml() for foyer in self.foyers)}<TransmissionFlux>"
            f"<NBTOTDOSRSATRANSM>{total:08d}</NBTOTDOSRSATRANSM><NBTOTDOSRSATRANSMANO>"
            f"{marked if self.anomalies is None else self.anomalies:08d}</NBTOTDOSRSATRANSMANO>"
            "</TransmissionFlux></Racine>"
        )
        return text.encode(self.encoding)


def mensuel(*foyers: Foyer, jour: str = "2026-03-05", dtref: str = "2026-02-28", **other: object) -> Fichier:
    """Give a monthly file."""
    return replace(Fichier(foyers, typeflux="M", jour=jour, dtref=dtref), **other)  # type: ignore[arg-type]  # passed on


def quotidien(*foyers: Foyer, jour: str = "2026-03-10", **other: object) -> Fichier:
    """Give a daily file."""
    return replace(Fichier(foyers, typeflux="I", jour=jour), **other)  # type: ignore[arg-type]  # passed on
