"""The journal on a real PostgreSQL: files in, outbox out, nothing half done."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from helpers.shared import shared
from helpers.vrsb_file import Fichier, Foyer, Who, mensuel, nir13, nir15, quotidien

from bus import db
from bus.codec import decode_body, decode_part
from bus.platform.postgres import database
from bus.sealing import KekRing, unseal
from bus.settings import Settings
from bus.vault.keys import keys_by_id
from bus.vault.links import Pepper
from bus.vault.provisioning import create_secrets
from bus.vault.subjects import erase, subject_of_nir
from guichet.usecases.erasure import erase as erase_everywhere
from producers.ingest import Ingest
from producers.journal import spool
from producers.journal.events import now
from producers.journal.source import Source
from producers.journal.verdict import Report, Verdict
from producers.registry import SOURCES, UnknownSource

ALBA = Who(nir=nir13(1))
LEO = Who(prenom="LEO", role="CJT", nir=nir13(2), sexe="1")
STOCK = Foyer(who=(ALBA, LEO))
CONTACT_HEADER = (
    "MATRICULE;ROLE PERSONNE;TYPE PERSONNE;NIR;NUMERO DEMANDE RSA;NUMERO TELEPHONE DOSSIER;NUMERO TELEPHONE 2 DOSSIER;"
    "ADRESSE ELECTRONIQUE DOSSIER"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("journal")
    create_secrets(folder / "secrets")
    with database(Settings(data_dir=folder, secrets_dir=folder / "secrets" / "ingest")) as settings:
        yield settings


@pytest.fixture
def bench(server: Settings, tmp_path: Path) -> Iterator["Bench"]:
    with psycopg.connect(str(server.database_url), autocommit=True) as conn:
        names = conn.execute(
            "select schemaname || '.' || tablename from pg_tables where schemaname in ('vault', 'journal')"
        )
        conn.execute(f"truncate {', '.join(name for (name,) in names)} restart identity")
        yield Bench(server, tmp_path, conn)


class Bench:
    """One empty journal, and what a test asks of it."""

    def __init__(self, settings: Settings, folder: Path, conn: psycopg.Connection) -> None:
        self.settings, self.folder, self.conn = settings, folder, conn
        self._ring = KekRing.load(settings.secrets_dir)
        self.pepper = Pepper.load(settings.secrets_dir)

    def take(self, *files: Fichier, served: tuple[str, ...] = ()) -> list[Report]:
        return [self.octets(f"rsa.{number}.xml", file.octets(), served=served) for number, file in enumerate(files)]

    def one(self, file: Fichier) -> Report:
        return self.take(file)[0]

    def contact(self, *rows: str, name: str = "contact.20260311.csv") -> Report:
        return self.octets(name, "\n".join((CONTACT_HEADER, *rows)).encode(), SOURCES["contact"])

    def octets(
        self, name: str, octets: bytes, source: Source = SOURCES["cnaf"], served: tuple[str, ...] = ()
    ) -> Report:
        path = self.folder / name
        path.write_bytes(octets)
        with Ingest(self.settings.model_copy(update={"autorites": list(served)})) as ingestion:
            return ingestion.file(path, source)

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        rows = self.conn.execute("select type, version, body from journal.outbox where seq > %s order by seq", (after,))
        return [decode_body(kind, version, bytes(body)) for kind, version, body in rows.fetchall()]

    def told(self, after: int = 0) -> list[str]:
        return [event["type"].removeprefix("rsa.") for event in self.events(after) if event["cle_personne"]]

    def last(self) -> int:
        row = self.conn.execute("select coalesce(max(seq), 0) from journal.outbox").fetchone()
        return int(row[0]) if row else 0

    def since(self, *files: Fichier) -> list[str]:
        """Give what some files make told."""
        before = self.last()
        self.take(*files)
        return self.told(before)

    def opened(self, event: dict[str, Any], sorte: str) -> list[dict[str, Any]]:
        keys = keys_by_id(self.conn, self._ring, [part["cle_id"] for part in event["scelle"]])
        return [
            decode_part(
                sorte,
                part["version_schema"],
                unseal(keys[part["cle_id"]], sorte, part["version_schema"], part["octets"]),
            )
            for part in event["scelle"]
            if part["sorte"] == sorte
        ]

    def count(self, table: str) -> int:
        row = self.conn.execute(f"select count(*) from {table}").fetchone()  # noqa: S608 - names from this test
        return int(row[0]) if row else 0

    def staged(self) -> int:
        names = self.conn.execute("select tablename from pg_tables where tablename like 'staged%'").fetchall()
        return sum(self.count(f"journal.{name}") for (name,) in names)


def test_a_first_monthly_is_a_baseline_with_sealed_identities(bench: Bench) -> None:
    report = bench.one(mensuel(STOCK))

    assert (report.verdict, dict(report.evenements)) == (Verdict.ACCEPTE, {"rsa.etat.publie": 2, "flux.traite": 1})
    alba = bench.events()[0]
    assert bench.opened(alba, "identite")[0]["prenoms"] == ["ALBA"]
    assert bench.opened(alba, "nir")[0]["nir"] == nir13(1)
    assert bench.opened(alba, "adresse")[0]["commune_insee"] == "52448"
    assert (alba["source"], alba["territoire"]) == ("cnaf/caf-521", {"ideparte": "52", "commune_insee": "52448"})
    assert alba["date_observation"].isoformat() == "2026-03-05T00:18:36+00:00"
    assert bench.staged() == 0


def test_a_daily_tells_entries_once(bench: Bench) -> None:
    bench.one(mensuel(STOCK))
    entrant = Foyer(numero="00000000252", who=(Who(prenom="NOE", nir=nir13(3)),))

    assert bench.since(quotidien(entrant)) == ["droit.ouvert", "droits_devoirs.entree"]
    assert bench.since(quotidien(entrant, jour="2026-03-11")) == []


def test_a_daily_without_reference_publishes_states_and_the_first_monthly_is_the_baseline(bench: Bench) -> None:
    report = bench.one(quotidien(STOCK, jour="2026-03-01"))

    assert "aucune référence" in str(report.detail)
    assert bench.told() == ["etat.publie", "etat.publie"]
    assert bench.since(mensuel(STOCK)) == ["etat.publie", "etat.publie"]


def test_07_same_bytes_are_a_duplicate_and_same_header_other_bytes_a_correction(bench: Bench) -> None:
    bench.one(mensuel(STOCK, jour="2026-02-05", dtref="2026-01-31"))
    bench.one(mensuel(STOCK))
    again = bench.octets("autre-nom.xml", mensuel(STOCK).octets())
    corrected = bench.one(mensuel(replace(STOCK, etat="4", motifs=("AB",))))

    assert (again.verdict, again.evenements) == (Verdict.DOUBLON, {})
    assert "accepte" in str(again.detail)
    assert corrected.verdict is Verdict.ACCEPTE
    assert corrected.evenements["rsa.droits_devoirs.sortie"] == 2


def test_07_a_correction_of_the_baseline_is_a_baseline(bench: Bench) -> None:
    newcomer = Foyer(numero="00000000252", who=(Who(prenom="IRIS", nir=nir13(5)),))
    bench.one(mensuel(STOCK))
    after = bench.last()

    bench.one(mensuel(newcomer))
    corrected = bench.told(after)
    after = bench.last()
    bench.one(quotidien(Foyer(numero="00000000352", who=(Who(prenom="NOE", nir=nir13(6)),))))

    assert corrected == ["etat.publie"]
    assert "droits_devoirs.entree" in bench.told(after)


def test_08_staleness_is_judged_per_dossier(bench: Bench) -> None:
    other = Foyer(numero="00000000252", who=(Who(prenom="NOE", nir=nir13(3)),))
    bench.take(mensuel(STOCK, other), quotidien(replace(STOCK, etat="5"), jour="2026-03-12"))

    late = quotidien(STOCK, replace(other, etat="5"), jour="2026-03-11")

    assert bench.since(late) == ["droits_devoirs.sortie", "droit.clos"]
    assert bench.one(quotidien(STOCK, jour="2026-03-10", heure="02:00:00.0000")).motif == "antidate"


def test_08_the_hour_decides_between_two_dailies_of_a_day(bench: Bench) -> None:
    bench.take(mensuel(STOCK), quotidien(replace(STOCK, etat="5"), heure="03:00:00.0000"))

    assert bench.one(quotidien(STOCK, heure="02:00:00.0000")).motif == "antidate"
    assert bench.one(quotidien(STOCK, heure="04:00:00.0000")).verdict is Verdict.ACCEPTE


def test_09_a_reload_publishes_states_and_no_entry(bench: Bench) -> None:
    bench.one(mensuel(replace(STOCK, etat="0")))

    assert bench.since(replace(mensuel(STOCK, jour="2026-03-20"), typeflux="R")) == ["etat.publie", "etat.publie"]


def test_a_dossier_absent_from_the_next_monthly_is_an_exit_and_no_closing(bench: Bench) -> None:
    other = Foyer(numero="00000000252", who=(Who(prenom="NOE", nir=nir13(3)),))
    bench.one(mensuel(STOCK, other))

    assert bench.since(mensuel(STOCK, jour="2026-04-05", dtref="2026-03-31")) == ["droits_devoirs.sortie"]
    sortie = bench.events()[-2]
    assert (sortie["donnees"]["raison"], sortie["cause"]["enregistrement"]) == ("absent_du_mensuel", 0)
    assert bench.one(quotidien(other, jour="2026-04-01")).motif == "antidate"
    assert bench.since(quotidien(other, jour="2026-04-07")) == ["droits_devoirs.entree"]


def test_11_nothing_is_inferred_after_a_long_gap(bench: Bench) -> None:
    other = Foyer(numero="00000000252", who=(Who(prenom="NOE", nir=nir13(3)),))
    bench.one(mensuel(STOCK, other))

    report = bench.one(mensuel(STOCK, jour="2026-05-05", dtref="2026-04-30"))

    assert "rsa.droits_devoirs.sortie" not in report.evenements
    assert "45 jours" in str(report.detail)


def test_an_unreadable_or_abnormal_record_is_not_absent(bench: Bench) -> None:
    others = [Foyer(numero=f"000000{n}52", who=(Who(prenom=f"P{n}", nir=nir13(n)),)) for n in range(100, 110)]
    bench.one(mensuel(STOCK, *others))
    broken = replace(others[0], etat="9")
    strange = replace(others[1], extra="<Anomalie><LIBANO>ESSAI</LIBANO></Anomalie>")

    report = bench.one(mensuel(STOCK, broken, strange, *others[2:], jour="2026-04-05", dtref="2026-03-31"))

    assert dict(report.evenements) == {"enregistrement.rejete": 1, "flux.traite": 1}
    assert (report.lus, report.valides, report.rejets) == (11, 10, 1)
    rejected = next(event for event in bench.events() if event["type"] == "enregistrement.rejete")
    assert rejected["donnees"]["code"] == "valeur"
    assert bench.count("journal.quarantine") == 1


def test_05_a_refused_flux_leaves_its_rejection_and_a_sealed_copy(bench: Bench) -> None:
    report = bench.octets("RSABEM.redacted.xml", shared("data/flux/RSABEM.redacted.xml").read_bytes())

    expected = json.loads(shared("examples/ingest.json").read_text(encoding="utf-8"))[1]
    assert report.as_json() | {"flux": ""} == expected | {"flux": ""}
    assert [event["type"] for event in bench.events()] == ["flux.rejete"]
    assert (bench.count("vault.subject"), bench.count("journal.person"), bench.staged()) == (0, 0, 0)
    assert (bench.count("journal.spool"), bench.count("journal.spool_dossier")) == (1, 1)
    (copy,) = (bench.settings.data_dir / "spool").glob(f"{report.flux.removeprefix('sha256:')}.scelle")
    assert b"TIFOUR" not in copy.read_bytes()


def test_05_the_repaired_public_file_is_accepted(bench: Bench) -> None:
    octets = shared("data/flux/RSABEM.redacted.xml").read_bytes()
    report = bench.octets("RSABEM.xml", octets.replace(b"<NBTOTDOSRSATRANSM>00000001", b"<NBTOTDOSRSATRANSM>00000002"))

    assert dict(report.evenements) == {"rsa.etat.publie": 3, "flux.traite": 1}


def test_12_a_file_sent_again_by_a_departement_is_not_of_the_emitter_of_record(bench: Bench) -> None:
    bench.take(mensuel(STOCK), quotidien(replace(STOCK, etat="5"), applieme="IOD"))

    closing = [event for event in bench.events() if event["type"] == "rsa.droit.clos"]
    assert [event["emetteur_fait_foi"] for event in closing] == [False, False]


def test_19_records_of_another_authority_are_out_of_scope(bench: Bench) -> None:
    (partly,) = bench.take(mensuel(STOCK, replace(STOCK, ideparte="021", numero="00000000921")), served=("52",))
    (none,) = bench.take(mensuel(replace(STOCK, ideparte="021")), served=("52",))
    (unknown,) = bench.take(mensuel(replace(STOCK, ideparte="0ZZ")))

    assert (partly.lus, partly.valides, partly.rejets) == (2, 1, 0)
    assert (none.motif, unknown.motif) == ("territoire", "territoire")


def test_21_a_nir_that_arrives_later_links_the_same_person(bench: Bench) -> None:
    anonymous = Foyer(who=(replace(ALBA, nir=None),))
    bench.take(mensuel(anonymous), quotidien(replace(STOCK, who=(ALBA,))))

    assert bench.count("vault.subject") == 1
    assert subject_of_nir(bench.conn, bench.pepper, nir13(1)) is not None


def test_27_two_partners_without_applicant_are_two_people(bench: Bench) -> None:
    bench.one(mensuel(Foyer(who=(replace(ALBA, role="CJT"), LEO))))

    assert bench.count("vault.subject") == 2


def test_a_nir_known_elsewhere_keeps_both_and_is_told_once(bench: Bench) -> None:
    twin = Foyer(numero="00000000252", who=(Who(prenom="NOE"),))
    bench.one(mensuel(STOCK, twin))
    named = replace(twin, who=(Who(prenom="NOE", nir=nir13(1)),))

    assert bench.since(quotidien(named)) == ["identite.doublon_suspecte"]
    assert bench.since(quotidien(named, jour="2026-03-11")) == []
    assert bench.count("vault.subject") == 3


def test_a_move_between_two_authorities_is_told_by_each_side(bench: Bench) -> None:
    there = replace(STOCK, ideparte="021", numorg="211", commune="21231", numero="00000000921")
    stock = Foyer(numero="00000000821", ideparte="021", numorg="211", commune="21231", who=(Who(prenom="UNE"),))
    bench.take(mensuel(STOCK), mensuel(stock))

    left = bench.since(quotidien(replace(STOCK, etat="5", cloture="MUT", who=(ALBA,), prenant="211")))
    arrived = bench.since(quotidien(replace(there, who=(ALBA,))))

    assert left == ["mutation.sortante", "droits_devoirs.sortie", "droit.clos", "droits_devoirs.sortie"]
    assert arrived == ["droit.ouvert", "mutation.entrante", "droits_devoirs.entree"]
    entry = bench.events()[-2]
    assert (entry["donnees"]["population"], entry["territoire"]["ideparte"]) == ("mutation", "21")


def test_a_second_dossier_adds_no_entry_and_keeps_the_person_in(bench: Bench) -> None:
    bench.one(mensuel(STOCK))
    second = Foyer(numero="00000000252", who=(ALBA,))

    assert bench.since(quotidien(second)) == ["droit.ouvert"]
    assert bench.since(quotidien(replace(second, etat="5"), jour="2026-03-11")) == ["droit.clos"]
    assert bench.since(quotidien(replace(STOCK, etat="5"), jour="2026-03-12")).count("droits_devoirs.sortie") == 2


def test_a_record_of_lyon_whose_commune_is_unknown_is_published_as_it_says(bench: Bench) -> None:
    lost = Foyer(ideparte="069", numorg="691", commune="00000", who=(ALBA,))
    known = replace(lost, commune="69123", numero="00000000269", who=(LEO,))
    rhone = replace(lost, commune="69243", numero="00000000369", who=(Who(prenom="NOE", nir=nir13(3)),))
    bench.one(mensuel(lost, known))

    report = bench.one(mensuel(rhone, jour="2026-03-06"))

    assert report.autorite == "69D"
    assert dict(report.evenements) == {"rsa.etat.publie": 1, "flux.traite": 1}
    assert bench.events()[0]["territoire"] == {"ideparte": "69", "commune_insee": "00000"}


def row(number: int | None, *, claim: str = "152", role: str = "DEMANDEUR", phone: str = "639980001") -> str:
    return f"T;{role};MADAME;{nir15(number) if number else ''};{claim};{phone};;zz.alba@example.fr"


def test_a_contact_goes_to_the_person_it_names(bench: Bench) -> None:
    bench.one(mensuel(STOCK))
    report = bench.contact(row(1))

    assert dict(report.evenements) == {"contact.mis_a_jour": 1, "flux.traite": 1}
    event = bench.events()[-2]
    assert event["cle_personne"] == subject_of_nir(bench.conn, bench.pepper, nir13(1))
    assert [part["valeur"] for part in bench.opened(event, "contact")] == ["+33639980001", "zz.alba@example.fr"]
    parts = [(part["canal"], part["type"], part["rang"], part["consentement"]) for part in event["scelle"]]
    assert parts == [("telephone", "mobile", 1, "inconnu"), ("courriel", None, 1, "inconnu")]
    assert report.autorite == "52"


def test_the_same_contact_again_is_not_told(bench: Bench) -> None:
    bench.one(mensuel(STOCK))
    bench.contact(row(1))

    assert bench.contact(row(1), name="contact.20260318.csv").verdict is Verdict.DOUBLON
    other_line = row(1).replace("MADAME", "MME")
    assert dict(bench.contact(other_line, name="contact.20260318.csv").evenements) == {"flux.traite": 1}
    changed = bench.contact(row(1, phone="639980002"), name="contact.20260325.csv")
    assert changed.evenements["contact.mis_a_jour"] == 1


def test_a_contact_without_nir_matches_dossier_and_role_where_unique(bench: Bench) -> None:
    bench.one(mensuel(Foyer(who=(ALBA, LEO, replace(LEO, prenom="MAX", nir=nir13(4))))))

    report = bench.contact(row(None), row(None, role="CONJOINT"))

    assert (report.valides, report.rejets, report.evenements["contact.mis_a_jour"]) == (2, 0, 1)
    assert "1 ligne(s) en attente" in str(report.detail)


def test_54_a_contact_that_comes_first_waits_sealed_and_is_told_when_its_person_appears(bench: Bench) -> None:
    bench.one(mensuel(Foyer(numero="00000000252", who=(LEO,))))
    waiting = bench.contact(row(None))

    assert (waiting.rejets, bench.count("journal.waiting")) == (0, 1)
    assert bench.since(quotidien(STOCK)) == [
        "droit.ouvert",
        "droits_devoirs.entree",
        "droit.ouvert",
        "contact.mis_a_jour",
    ]
    assert bench.count("journal.waiting") == 0
    assert bench.conn.execute("select count(*) from vault.owned_key where owner like 'waiting:%'").fetchone() == (0,)


def test_a_nir_that_nobody_knows_makes_a_person_whom_the_caisse_may_name_later(bench: Bench) -> None:
    bench.one(mensuel(Foyer(numero="00000000252", who=(LEO,))))
    bench.contact(row(1))

    assert bench.told()[-1] == "contact.mis_a_jour"
    assert bench.since(quotidien(Foyer(who=(ALBA,)))) == ["droit.ouvert", "droits_devoirs.entree"]
    assert bench.events()[-2]["donnees"]["population"] == "flux"
    assert bench.count("vault.subject") == 2


def test_an_erased_person_does_not_come_back(bench: Bench) -> None:
    bench.one(mensuel(STOCK))
    subject = subject_of_nir(bench.conn, bench.pepper, nir13(1))
    assert subject is not None
    erase(bench.conn, bench.pepper, subject)

    report = bench.one(quotidien(replace(STOCK, etat="5")))
    contact = bench.contact(row(1))

    assert dict(report.evenements) == {"flux.traite": 1, "rsa.droit.clos": 1, "rsa.droits_devoirs.sortie": 1}
    assert "1 personne(s) effacée(s)" in str(report.detail)
    assert dict(contact.evenements) == {"flux.traite": 1}
    assert bench.count("vault.subject") == 1


def test_a_row_without_nir_does_not_bring_the_contact_of_an_erased_person_back(bench: Bench) -> None:
    bench.one(mensuel(Foyer(who=(ALBA,))))
    subject = subject_of_nir(bench.conn, bench.pepper, nir13(1))
    assert subject is not None
    erase_everywhere(bench.conn, bench.pepper, subject, bench.settings.data_dir)
    bench.conn.commit()

    report = bench.contact(row(None))

    assert (dict(report.evenements), bench.count("journal.waiting")) == ({"flux.traite": 1}, 0)
    assert "1 personne(s) effacée(s)" in str(report.detail)


def test_ids_are_those_of_the_file_whoever_reads_it(bench: Bench, server: Settings) -> None:
    bench.take(mensuel(STOCK), quotidien(replace(STOCK, etat="5")))
    first = [event["id"] for event in bench.events()]
    names = bench.conn.execute(
        "select schemaname || '.' || tablename from pg_tables where schemaname in ('vault', 'journal')"
    )
    bench.conn.execute(f"truncate {', '.join(name for (name,) in names)} restart identity")

    bench.take(mensuel(STOCK), quotidien(replace(STOCK, etat="5")))

    assert [event["id"] for event in bench.events()] == first
    assert len(set(first)) == len(first)


def test_nothing_readable_is_kept_in_the_database(bench: Bench) -> None:
    bench.take(mensuel(STOCK), quotidien(replace(STOCK, who=(ALBA, replace(LEO, nom="")))))
    bench.contact(row(1), row(None, claim="999"))
    needles = [b"ZZTESTE", b"ALBA", nir13(1).encode(), b"639980001", b"example.fr", b"00000000152", b"ESSAIS"]

    names = bench.conn.execute(
        "select schemaname, tablename from pg_tables where schemaname in ('vault', 'journal')"
    ).fetchall()
    for schema, table in names:
        for values in bench.conn.execute(f"select * from {schema}.{table}").fetchall():  # noqa: S608 - from the catalogue
            kept = b"\x1f".join(value if isinstance(value, bytes) else str(value).encode() for value in values)
            assert [needle for needle in needles if needle in kept] == [], table


KILLED = """
import sys
from pathlib import Path
from bus.settings import Settings
from producers.journal.events import now
from producers.ingest import Ingest
from producers.registry import SOURCES
data = Path(sys.argv[1])
settings = Settings(data_dir=data, secrets_dir=data / "secrets" / "ingest", database_url=sys.argv[2])
with Ingest(settings) as ingestion:
    ingestion.file(Path(sys.argv[3]), SOURCES["cnaf"])
"""


@pytest.mark.parametrize(
    ("point", "verdict"), [("ingest.mid_file@2", "accepte"), ("ingest.after_verdict@1", "doublon")]
)
def test_a_killed_ingest_is_done_again_from_the_start(bench: Bench, tmp_path: Path, point: str, verdict: str) -> None:
    crowd = [Foyer(numero=f"{n:08d}052", who=(Who(prenom=f"P{n}"),)) for n in range(2_500)]
    path = tmp_path / "rsa.gros.xml"
    path.write_bytes(mensuel(*crowd).octets())
    (tmp_path / f"{point}#1").touch()

    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(bench.settings.data_dir), str(bench.settings.database_url), str(path)],
        env=os.environ | {"BUS_FAILPOINTS_DIR": str(tmp_path)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert bench.count("journal.person") == (0 if verdict == "accepte" else 2_500)

    with Ingest(bench.settings) as ingestion:
        assert ingestion.file(path, SOURCES["cnaf"]).verdict.value == verdict
    assert Counter(bench.told()) == {"etat.publie": 2_500}
    assert bench.staged() == 0


def test_batches_do_not_change_what_is_told(bench: Bench) -> None:
    crowd = [Foyer(numero=f"{n:08d}052", who=(Who(prenom=f"P{n}"),)) for n in range(2_100)]
    bench.one(mensuel(*crowd))

    report = bench.one(mensuel(*crowd[:1_050], jour="2026-04-05", dtref="2026-03-31"))

    assert dict(report.evenements) == {"rsa.droits_devoirs.sortie": 1_050, "flux.traite": 1}
    assert len({event["id"] for event in bench.events()}) == 2_100 + 1 + 1_050 + 1


def test_refused_files_are_kept_for_thirty_days(bench: Bench) -> None:
    bench.octets("vide.xml", b"")
    with Ingest(bench.settings) as ingestion:
        ingestion.purge()
        assert bench.count("journal.spool") == 1
        bench.conn.execute("update journal.spool set received_at = received_at - interval '31 days'")
        ingestion.purge()

    assert bench.count("journal.spool") + bench.count("vault.owned_key") == 0
    assert not list((bench.settings.data_dir / "spool").glob("e3b0c442*"))


def test_a_spooled_file_reads_back_and_an_altered_one_does_not(bench: Bench) -> None:
    octets = os.urandom(700_000)
    flux_id, key, path = spool.write_sealed(bench.settings.data_dir / "spool", [octets[:300_000], octets[300_000:]])
    copy = spool.Spooled(flux_id, key, path, "cnaf", "f.xml", None, now())

    assert b"".join(copy.chunks()) == octets
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(Exception, match="scelle_illisible"):
        b"".join(copy.chunks())


def test_a_sealed_copy_of_a_source_that_this_version_does_not_read_waits_for_one_that_does(bench: Bench) -> None:
    flux_id, key, path = spool.write_sealed(bench.settings.data_dir / "spool", [b"octets"])
    copy = spool.Spooled(flux_id, key, path, "autre", "f.bin", str(bench.folder), now())

    with Ingest(bench.settings) as ingestion:
        ingestion.register(copy)
        with pytest.raises(UnknownSource, match="source inconnue : autre ; ce bus lit "):
            ingestion.spooled(copy)

    assert bench.conn.execute("select decided from journal.spool").fetchone() == (False,)
    assert path.exists()


def test_the_role_of_ingest_may_not_read_the_ledger(bench: Bench) -> None:
    with db.connect(bench.settings, "bus_ingest") as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("select * from ledger.event")


def test_27_two_partners_of_the_same_name_and_birth_with_two_nir_are_two_people(bench: Bench) -> None:
    twin = replace(ALBA, nir=nir13(7))

    bench.one(mensuel(Foyer(who=(ALBA, twin))))

    assert bench.told() == ["etat.publie", "etat.publie"]
    assert bench.count("vault.subject") == 2


def test_a_file_received_without_a_date_in_its_name_yields_to_the_next_dated_one(bench: Bench) -> None:
    bench.one(mensuel(STOCK))
    bench.contact(row(1), name="contacts.csv")

    later = bench.contact(row(1, phone="639980002"), name="contact_52_20260327.csv")

    assert later.evenements["contact.mis_a_jour"] == 1
