"""Three nodes under the production files, clients with certificates: one of them killed under load loses nothing."""

import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType
from helpers.deliveries import Delivering, Receiving, delivering
from helpers.kafka_nodes import Nodes, by_certificate, certificates, nodes
from helpers.kafka_roles import ROLES, Roles
from helpers.size import size
from helpers.stream_cases import body, record
from helpers.wait import eventually

from bus import accounts, acl, kafka, production, topics
from bus.errors import Misconfigured
from bus.platform import Platform
from bus.registry import Registry, apply_contract
from bus.settings import Settings

PRODUCTION = {"profil": "production"}
CODE = "52"
KILLED = 6 if size().full else 1


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, artifacts_dir: Path) -> Iterator[Nodes]:
    folder = tmp_path_factory.mktemp("grappe")
    with nodes(folder, artifacts_dir, clients="mtls", count=3, accounts=acl.ACCOUNTS) as running:
        admin = running.admin().model_copy(update=PRODUCTION)
        topics.apply(admin)
        accounts.grant(admin, acl.declared())
        yield running


def client(cluster: Nodes, account: str, **changes: Any) -> Settings:
    return by_certificate(cluster.bootstrap, cluster.tls, account).model_copy(update=PRODUCTION | changes)


@dataclass
class Load:
    """Events of several persons, in the outbox that the relay publishes, and what one receiver got of them."""

    world: Delivering
    receiver: Receiving
    people: list[str] = field(default_factory=lambda: [uuid.uuid4().hex for _ in range(25)])
    order: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def feed(self, turns: int) -> None:
        """Owe ``turns`` more events of each person."""
        with psycopg.connect(str(self.world.settings.database_url), autocommit=True) as conn:
            for _ in range(turns):
                with conn.transaction():
                    for person in self.people:
                        self._owe(conn, person)
                    conn.execute("notify journal_outbox")

    def _owe(self, conn: psycopg.Connection, person: str) -> None:
        number = len(self.order[person])
        one = record("rsa.etat.publie", day=number % 20, person=person, rank=number + 1, scelle=[])
        self.order[person].append(one["id"])
        conn.execute(
            "insert into journal.outbox (event_id, topic, key, type, version, body, observed_at, source)"
            " values (%s, %s, %s, %s, 1, %s, %s, %s)",
            (one["id"], topics.EVENEMENTS, person, one["type"], body(one), one["date_observation"], one["source"]),
        )

    @property
    def owed(self) -> int:
        return sum(map(len, self.order.values()))

    def arrived(self, count: int, roles: Roles) -> None:
        """Wait until the receiver has so many events, restarting what stops meanwhile."""
        eventually(
            lambda: roles.supervise() and len(self.receiver.lines()) >= count,
            timeout=180,
            what=lambda: (
                f"{count} deliveries, {len(self.receiver.lines())} there\n"
                + "\n".join(roles.said(role)[-800:] for role in ROLES)
            ),
        )

    def check(self) -> None:
        """Each event arrived once; each person's in order, numbered from 1 without a gap."""
        whose = {id_: person for person, ids in self.order.items() for id_ in ids}
        got: dict[str, list[str]] = defaultdict(list)
        numbers: dict[str, list[int]] = defaultdict(list)
        for one in self.receiver.bodies():
            got[whose[one["id"]]].append(one["id"])
            numbers[whose[one["id"]]].append(one["sequence"])
        assert got == self.order
        assert all(seen == list(range(1, len(seen) + 1)) for seen in numbers.values())


@pytest.fixture
def load(platform: Platform, tmp_path: Path) -> Iterator[Load]:
    apply_contract(Registry(str(platform.settings.registry_url)))
    with psycopg.connect(str(platform.settings.database_url), autocommit=True) as conn:
        # The platform is shared by the session: what other tests left unpublished is not ours to publish.
        conn.execute("update journal.outbox set published_at = now() where published_at is null")
    with delivering(platform.settings, tmp_path) as world:
        receiver = world.receiver(f"cd-{uuid.uuid4().hex[:8]}", fields='champs = ["situation", "echeances"]')
        world.subscribe(f"o-{receiver.name}", receiver)
        receiver.start()
        yield Load(world, receiver)


def leader(cluster: Nodes, topic: str) -> int:
    """Give the node that leads a topic's first partition."""
    return int(kafka.admin(cluster.admin()).metadata().topics[topic].partitions[0].leader)


def controller(cluster: Nodes, alive: int) -> int:
    """Give the active controller, as the node ``alive`` knows it."""
    settings = by_certificate(cluster.bootstrap.split(",")[alive - 1], cluster.tls, "admin")
    admin = kafka.admin(settings)
    return int(admin.answers({"": admin.describe_cluster()})[""].controller.id)


def in_sync(cluster: Nodes) -> bool:
    found = kafka.admin(cluster.admin()).metadata().topics
    names = (topics.EVENEMENTS, topics.ETAT_PERSONNES, topics.departement(CODE), "__consumer_offsets")
    return all(len(part.isrs) == 3 for name in names for part in found[name].partitions.values())


def test_a_node_killed_under_load_loses_nothing_repeats_nothing_and_keeps_the_order(
    cluster: Nodes, load: Load, tmp_path: Path
) -> None:
    roles = Roles(load.world.settings, cluster, tmp_path, "mtls")
    roles.start(*ROLES, BUS_PROFIL="production")
    try:
        load.feed(4)
        load.arrived(load.owed, roles)
        for turn in range(KILLED):
            # the leader of what deliver reads first, then each node in turn: controller and coordinators too
            victim = leader(cluster, topics.departement(CODE)) if turn == 0 else turn % 3 + 1
            load.feed(4)
            cluster.kill(victim)
            load.feed(8)
            load.arrived(load.owed, roles)  # two nodes are enough
            cluster.start(victim)
            load.feed(4)
            load.arrived(load.owed, roles)
            eventually(lambda: in_sync(cluster), timeout=120, what="three replicas in sync again")
        roles.supervise()
    finally:
        codes = roles.stop()

    load.check()
    assert set(codes.values()) == {0}, codes


def test_production_accepts_what_these_files_make_for_every_account(cluster: Nodes) -> None:
    for account in acl.ACCOUNTS:
        production.check(client(cluster, account), acl.topics_of(account))

    found = topics.describe(client(cluster, acl.WATCH))
    assert {(actual.replicas, actual.config["min.insync.replicas"]) for actual in found.values()} == {(3, "2")}


def test_a_certificate_of_another_authority_and_none_are_refused(cluster: Nodes, tmp_path: Path) -> None:
    other = certificates(tmp_path / "autre", "bus-relay")
    stranger = {"kafka_cert_file": other / "bus-relay.crt", "kafka_key_file": other / "bus-relay.key"}
    nobody = {"kafka_security_protocol": "sasl_ssl", "kafka_username": "x", "kafka_password_file": other / "ca.crt"}

    for changes in (stranger, {"kafka_ca_file": other / "ca.crt"}):
        with pytest.raises(Misconfigured, match="certificat"):
            kafka.admin(client(cluster, "bus-relay", **changes)).metadata(20)
    assert not kafka.reachable(client(cluster, "bus-relay", **nobody))


def test_a_topic_that_could_lose_records_is_refused_on_the_real_broker(cluster: Nodes) -> None:
    admin = kafka.admin(cluster.admin())
    frail = topics.Topic("controle-essai", 1, "tests", "un test", 1)
    change = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
        for key, value in (("min.insync.replicas", "1"), ("unclean.leader.election.enable", "true"))
    ]
    admin.answers(admin.create_topics([NewTopic(frail.name, 1, 1, config=dict(frail.config))]))
    named = ConfigResource(ResourceType.TOPIC, frail.name, incremental_configs=change)
    admin.answers(admin.incremental_alter_configs([named]))
    wanted = (topics.TOPICS[0], frail)

    def said() -> str:
        try:
            production.check(cluster.admin().model_copy(update=PRODUCTION), wanted)
        except Misconfigured as refused:
            return str(refused)
        return ""

    for fault in (
        "controle-essai : répliques attendu au moins 3, trouvé 1",
        "controle-essai : min.insync.replicas attendu au moins 2, trouvé 1",
        "controle-essai : unclean.leader.election.enable attendu false, trouvé true",
    ):
        eventually(lambda fault=fault: fault in said(), timeout=20, what=said)  # type: ignore[misc]  # bound at once
    assert "evenements" not in said()
