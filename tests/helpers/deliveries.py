"""Invented people and the routed events about them, produced straight to an authority topic, and who receives them."""

import base64
import contextlib
import json
import os
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
from helpers.wait import eventually, listening

from bus import db, kafka, topics
from bus.codec import EVENT_VERSION, PART_VERSION, Codec, encode_body, encode_part
from bus.platform.ports import free_port
from bus.registry import Registry
from bus.sealing import DataKey, KekRing, new_key, seal
from bus.settings import Settings
from bus.vault import provisioning, subjects

ROOT = Path(__file__).resolve().parents[2]
BUS = [sys.executable, "-m", "guichet"]


@dataclass(frozen=True)
class Person:
    subject: str
    key: DataKey = field(repr=False)
    name: str = "ZZTESTE"
    phone: str = "+33639980001"
    mail: str = "personne@example.org"


def new_people(settings: Settings, count: int) -> list[Person]:
    """Enter people in the vault, as ingest does."""
    ring = KekRing.load(settings.data_dir / "secrets" / "deliver")
    people = [Person(subjects.new_subject_id(), new_key(), f"ZZ{'ABCDEFGHIJ'[i % 10] * 6}", f"+3363998{i % 10000:04d}",
                     f"p{i}@example.org") for i in range(count)]  # fmt: skip
    with db.connect(settings, "bus_ingest") as conn:
        cursor = conn.cursor()
        cursor.executemany("insert into vault.subject (subject_id) values (%s)", [(p.subject,) for p in people])
        cursor.executemany(
            "insert into vault.key (key_id, subject_id, epoch, wrapped) values (%s, %s, %s, %s)",
            [(p.key.key_id, p.subject, *ring.wrap(p.key)) for p in people],
        )
    return people


def part(person: Person, sorte: str, record: dict[str, Any], **clear: Any) -> dict[str, Any]:
    version = PART_VERSION[sorte]
    nothing = dict.fromkeys(("canal", "type", "rang", "consentement", "source", "modifie_le", "empreinte"))
    octets = seal(person.key, sorte, version, encode_part(sorte, record))
    return {"sorte": sorte, "cle_id": person.key.key_id, "version_schema": version, "octets": octets} | nothing | clear


def contact(person: Person, canal: str, consentement: str, rang: int = 1) -> dict[str, Any]:
    value = person.phone if canal == "telephone" else person.mail
    kind = "mobile" if canal == "telephone" else None
    clear = {"canal": canal, "type": kind, "rang": rang, "consentement": consentement, "source": "contact-caf",
             "modifie_le": date(2026, 3, 1), "empreinte": f"{canal}{rang}".encode()}  # fmt: skip
    return part(person, "contact", {"valeur": value}, **clear)


def invented_nir() -> str:
    """Build a NIR of nobody: born in 1990, in an unassigned country of the world (99 and 000)."""
    return "2" + "90" + "01" + "99" + "000" + "001"


def entry(person: Person, authority: str = "52", **changes: Any) -> dict[str, Any]:
    """Give a routed ``rsa.droits_devoirs.entree`` with every kind of sealed part."""
    identity = {"nom": person.name, "nom_naissance": None, "prenoms": ["PERSONNE"], "date_naissance": "1990-01-31",
                "precision_naissance": None, "sexe": "F", "commune_naissance": None}  # fmt: skip
    address = {"lignes": ["1 RUE INVENTEE"], "numero": None, "voie": None, "code_postal": "52100",
               "commune_insee": "52448", "commune": "SAINT-DIZIER", "pays": None, "sans_domicile_fixe": False,
               "emmenage_le": None}  # fmt: skip
    return {
        "id": str(uuid.uuid4()),
        "type": "rsa.droits_devoirs.entree",
        "source": "cnaf/caf-521",
        "emetteur_fait_foi": False,
        "date_effet": date(2026, 3, 2),
        "date_observation": datetime(2026, 3, 2, 1, 18, 36, tzinfo=UTC),
        "date_publication": datetime(2026, 3, 2, 1, 20, tzinfo=UTC),
        "cle_personne": person.subject,
        "cle_dossier": "ab" * 16,
        "territoire": {"ideparte": "52", "commune_insee": "52448"},
        "cause": {"flux_id": "sha256:" + "0" * 64, "enregistrement": 1, "regle": "difference-1"},
        "corrige": None,
        "annule": None,
        "portee": ["identite", "nir", "matricule", "adresse"],
        "donnees": {"population": "flux", "mode": "calcule", "regle": "eligibilite-1", "role": "DEM",
                    "observe_entrant": None, "faits": ["ENTDED"], "degrade": False},
        "scelle": [
            part(person, "identite", identity),
            part(person, "nir", {"nir": invented_nir(), "certifie": True}),
            part(person, "matricule", {"matricule": "0000001", "fonorg": "CAF", "numorg": "521"}),
            part(person, "adresse", address),
        ],
        "enrichissement": {
            "autorite": authority,
            "autorite_libelle": "Haute-Marne",
            "commune_libelle": "Saint-Dizier",
            "conflit_territoire": False,
            "contact": [contact(person, "telephone", "inconnu"), contact(person, "courriel", "refuse")],
            "identite": None,
            "situation": {"droits_devoirs": True, "entree_le": date(2026, 3, 2), "contact_connu": True,
                          "inscription_ft": None, "orientation": None},
            "echeances": {"orientation": date(2026, 4, 13)},
            "regle": "enrichissement-1",
        },
    } | changes  # fmt: skip


def produce(settings: Settings, events: Sequence[dict[str, Any]], authority: str = "52") -> None:
    """Write events to the topic of an authority and wait until the broker has them."""
    codec = Codec(Registry(str(settings.registry_url)))
    producer = kafka.producer(settings)
    for event in events:
        value = codec.frame(event["type"], EVENT_VERSION[event["type"]], encode_body(event["type"], event))
        producer.produce(topics.departement(authority), value, event["cle_personne"])
    producer.flush()


SUBSCRIPTION = """
[[abonnement]]
id = "{name}"
types = ["rsa.*"]
territoire = ["{authority}"]
{fields}
finalite = "Prendre contact avec les nouveaux entrants"
base_legale = "CASF L262-29"
debut = 2026-01-01T00:00:00+01:00
fin = 2099-01-01T00:00:00+01:00
poison = "{poison}"
contact_technique = "si@departement.example"
[abonnement.destination]
genre = "webhook"
url = "http://127.0.0.1:{port}/bus"
secret_fichier = "{name}.secret"
"""


@dataclass
class Receiving:
    """A ``bus receiver`` of one subscription."""

    name: str
    port: int
    secret: Path
    out: Path
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    authority: str = "52"
    fields: str = 'profil = "cd"'
    poison: str = "bloquer"

    def toml(self) -> str:
        return SUBSCRIPTION.format(name=self.name, authority=self.authority, fields=self.fields, poison=self.poison,
                                   port=self.port)  # fmt: skip

    def start(self, *options: str, env: dict[str, str] | None = None) -> None:
        files = ["--secret-file", str(self.secret), "--out", str(self.out)]
        command = [*BUS, "receiver", "--port", str(self.port), *files, *options]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, cwd=ROOT, env=os.environ | (env or {}), stdout=quiet, stderr=quiet)
        eventually(lambda: listening(self.port), timeout=30, what=f"receiver {self.name} listening")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text("utf-8").splitlines()] if self.out.exists() else []

    def bodies(self) -> list[dict[str, Any]]:
        """What was received, each delivery once."""
        return [line["corps"] for line in self.lines() if not line["doublon"]]

    def summary(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


@dataclass
class Delivering:
    """One data folder with a running platform: subscriptions, receivers, and ``bus deliver`` processes."""

    settings: Settings
    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    receivers: list[Receiving] = field(default_factory=list)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    organisations: set[str] = field(default_factory=set)
    metrics_port: int = 0

    def environment(self) -> dict[str, str]:
        own = {"BUS_DATA_DIR": str(self.settings.data_dir), "BUS_DESTINATIONS_PRIVEES": "true"}
        return os.environ | own | self.env

    def bus(self, *args: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        command, env = [*BUS, *args], self.environment()
        return subprocess.run(
            command, cwd=ROOT, env=env, input=stdin, capture_output=True, text=True, check=False, timeout=120
        )

    def receiver(self, name: str, **changes: Any) -> Receiving:
        """Prepare a receiver with a fresh secret; ``start`` it when it should answer."""
        secret = self.settings.data_dir / "secrets" / "deliver" / "abonnements" / f"{name}.secret"
        secret.write_text("whsec_" + base64.b64encode(os.urandom(32)).decode(), encoding="ascii")
        found = Receiving(name, free_port(), secret, self.folder / f"{name}.jsonl", **changes)
        self.receivers.append(found)
        return found

    def subscribe(self, organisation: str, *receivers: Receiving) -> None:
        """Apply exactly these subscriptions for an organisation; none ends them all."""
        file = self.folder / f"{organisation}.toml"
        file.write_text(f'organisation = "{organisation}"\n' + "".join(one.toml() for one in receivers), "utf-8")
        done = self.bus("subscription", "apply", str(file))
        assert done.returncode == 0, done.stdout + done.stderr
        self.organisations.add(organisation)

    def ready(self) -> bool:
        """Whether the dispatcher started last is the one that delivers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def deliver(self, **env: str) -> subprocess.Popen[bytes]:
        """Start ``bus deliver``."""
        self.metrics_port = free_port()
        process = subprocess.Popen(
            [*BUS, "deliver"],
            cwd=ROOT,
            env=self.environment() | {"BUS_METRICS_PORT": str(self.metrics_port)} | env,
            stderr=(self.folder / "deliver.log").open("ab"),
        )
        self.processes.append(process)
        return process

    def deliveries(self, *args: str) -> list[dict[str, Any]]:
        done = self.bus("delivery", "ls", "--json", *args)
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def states(self, name: str) -> dict[str, int]:
        with psycopg.connect(str(self.settings.database_url)) as conn:
            rows = conn.execute(
                "select etat, count(*) from ledger.delivery where subscription_id = %s group by etat", (name,)
            )
            return dict(rows.fetchall())

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            process.wait(60)
        for receiver in self.receivers:
            receiver.stop()
        for organisation in list(self.organisations):
            self.subscribe(organisation)


@contextlib.contextmanager
def delivering(settings: Settings, folder: Path, **env: str) -> Iterator[Delivering]:
    """Give a folder in which things may be delivered; everything started stops at the end."""
    provisioning.create_secrets(settings.data_dir / "secrets")
    world = Delivering(settings, folder, env)
    try:
        yield world
    finally:
        world.close()
