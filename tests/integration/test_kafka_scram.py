"""One broker under the production files with SCRAM accounts: each role does its work, and nothing else is possible."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import TopicPartition
from helpers import pages
from helpers.deliveries import Delivering, Person, delivering, entry
from helpers.kafka_nodes import Nodes, nodes
from helpers.kafka_probes import Account, declared
from helpers.kafka_roles import ROLES, Roles, bus, environment, metrics
from helpers.node import modules
from helpers.tools import need
from helpers.vrsb_file import Foyer, Who, mensuel
from helpers.wait import eventually

from bus import accounts, acl, kafka, production, topics
from bus.codec import EVENT_VERSION, Codec, encode_body
from bus.errors import Misconfigured
from bus.platform import Platform
from bus.registry import Registry, apply_contract
from bus.sealing import new_key
from bus.vault import provisioning
from producers.ingest import Ingest
from producers.journal.observation import Source

PARTNERS = ("cd-52", "cd-69m")
RIGHTS = acl.declared(PARTNERS)
OTHERS = (*(topics.abonne(slug).name for slug in PARTNERS), "autre", "__consumer_offsets")
EVERY_TOPIC = (*(topic.name for topic in topics.TOPICS), *OTHERS)
EVERY_GROUP = ("bus-stream", "bus-stream-etat", "bus-deliver", "bus-watch", "cd-52-a", "cd-69m-a", "cd-5", "autre")
EVERYBODY = (*acl.ACCOUNTS, *(f"abonne-{slug}" for slug in PARTNERS), "inconnu")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, artifacts_dir: Path) -> Iterator[Nodes]:
    with nodes(tmp_path_factory.mktemp("scram"), artifacts_dir, clients="scram") as running:
        admin = running.admin()
        topics.apply(admin)
        others = (*map(topics.abonne, PARTNERS), topics.Topic("autre", 1, "tests", "un test", 1))
        topics.create(admin, others)
        accounts.grant(admin, RIGHTS)
        keeper = kafka.consumer(admin, "essai")  # the first commit makes __consumer_offsets
        keeper.commit(offsets=[TopicPartition("autre", 0, 0)], asynchronous=False)
        keeper.close()
        yield running


@pytest.fixture(scope="module")
def contract(platform: Platform) -> None:
    apply_contract(Registry(str(platform.settings.registry_url)))


@pytest.fixture
def roles(platform: Platform, broker: Nodes, contract: None, tmp_path: Path) -> Iterator[Roles]:
    with psycopg.connect(str(platform.settings.database_url), autocommit=True) as conn:
        # The platform is shared by the session: what other tests left unpublished is not ours to publish.
        conn.execute("update journal.outbox set published_at = now() where published_at is null")
    provisioning.create_secrets(platform.settings.data_dir / "secrets")
    one = Roles(platform.settings, broker, tmp_path, "scram")
    yield one
    one.stop()


@pytest.fixture
def world(platform: Platform, tmp_path: Path) -> Iterator[Delivering]:
    with delivering(platform.settings, tmp_path) as found:
        yield found


def ingest(world: Delivering) -> None:
    """Take in a monthly file of one new person of authority 52."""
    foyer = Foyer(
        numero=uuid.uuid4().hex[:11].upper(), numorg=uuid.uuid4().hex[:3].upper(), who=(Who(prenom=uuid.uuid4().hex),)
    )
    path = world.folder / f"{uuid.uuid4().hex}.xml"
    path.write_bytes(mensuel(foyer, jour="2026-03-05").octets())
    secrets = world.settings.data_dir / "secrets" / "ingest"
    with Ingest(world.settings.model_copy(update={"secrets_dir": secrets})) as ingestion:
        report = ingestion.file(path, Source.CNAF)
    assert report.verdict.value == "accepte", report.detail


def test_every_role_does_its_work_under_its_own_account_and_stops_when_it_is_refused(
    roles: Roles, world: Delivering
) -> None:
    receiver = world.receiver(f"cd-{uuid.uuid4().hex[:8]}")
    world.subscribe(f"o-{receiver.name}", receiver)
    receiver.start()
    roles.start(*ROLES)

    ingest(world)
    eventually(
        lambda: roles.alive(*ROLES) and receiver.bodies(),
        timeout=120,
        what=lambda: "\n".join(roles.said(role) for role in ROLES),
    )
    eventually(lambda: "bus_consumer_lag_records{" in metrics(roles), timeout=60, what=lambda: roles.said("watch"))

    admin = roles.running.admin()
    taken = [right for right in acl.RIGHTS if right.kind == "group" or right.operation in ("READ", "WRITE")]
    accounts.withdraw(admin, taken)
    try:
        ingest(world)
        for role in ROLES:
            roles.refused(role, f"bus-{role}", "bus topics acl apply")
    finally:
        accounts.grant(admin, taken)


def test_a_wrong_password_ends_every_role_with_a_sentence_that_shows_no_secret(roles: Roles, tmp_path: Path) -> None:
    wrong = tmp_path / "faux.mdp"
    wrong.write_text("un-mot-de-passe-faux\n")

    roles.start(*ROLES, BUS_KAFKA_PASSWORD_FILE=str(wrong))

    for role in ROLES:
        roles.refused(role, f"bus-{role}", "mot de passe")
        assert "un-mot-de-passe-faux" not in roles.log(role).read_text("utf-8")


@pytest.mark.parametrize("account", EVERYBODY)
def test_an_account_can_do_what_is_declared_and_nothing_else(roles: Roles, account: str) -> None:
    tried = Account(roles.client(account)).tried(EVERY_TOPIC, EVERY_GROUP)

    assert tried == declared(RIGHTS, account, EVERY_TOPIC, EVERY_GROUP)
    if account == "inconnu":
        assert tried == set()


def test_a_right_that_is_too_wide_is_found(roles: Roles) -> None:
    wide = acl.KafkaRight("bus-relay", "topic", "e", "prefixed", "READ")
    accounts.grant(roles.running.admin(), [wide])
    try:
        assert Account(roles.client("bus-relay")).readable(EVERY_TOPIC) == {"evenements", "etat.personnes"}
    finally:
        accounts.withdraw(roles.running.admin(), [wide])


def test_a_partner_sees_its_own_topic_and_learns_nothing_of_the_others(roles: Roles) -> None:
    mine, other = (topics.abonne(slug).name for slug in PARTNERS)
    writer = kafka.producer(roles.client("bus-deliver"))
    writer.produce(mine, b"pour vous", b"cle")
    writer.flush()
    partner = roles.client("abonne-cd-52")

    seen = kafka.admin(partner).metadata().topics

    assert set(seen) == {mine}
    asked = kafka.admin(partner).list_topics(other, timeout=30).topics[other]
    unknown = kafka.admin(partner).list_topics("nulle-part", timeout=30).topics["nulle-part"]
    assert asked.error.code() == unknown.error.code()  # a topic of somebody else and no topic look the same
    reader = kafka.consumer(partner, "cd-52-lecture")
    reader.subscribe([mine])
    found: list[bytes] = []
    eventually(
        lambda: found.append(m.value()) if (m := reader.poll(0.2)) else b"pour vous" in found,
        timeout=60,
        what="its record",
    )
    reader.close()


def test_kafkajs_reads_with_an_account_as_the_page_says(roles: Roles, artifacts_dir: Path, tmp_path: Path) -> None:
    need("node")
    account, topic = "abonne-cd-69m", topics.abonne("cd-69m").name
    event = entry(Person("s-essai", new_key()), "69M")
    body = encode_body(event["type"], event)
    value = Codec(Registry(str(roles.platform.registry_url))).frame(event["type"], EVENT_VERSION[event["type"]], body)
    writer = kafka.producer(roles.client("bus-deliver"))
    writer.produce(topic, value, event["cle_personne"], headers=kafka.event_headers(event))
    writer.flush()
    client = roles.client(account)
    (tmp_path / "node_modules").symlink_to(modules(artifacts_dir.parent), target_is_directory=True)
    (tmp_path / "lire.mjs").write_text(pages.blocks("lire-un-topic-avec-kafkajs.md")["lire.mjs"], "utf-8")
    env = environment(client) | {"BUS_REGISTRY_URL": str(client.registry_url)}

    read = subprocess.run(
        ["node", "lire.mjs", topic],
        cwd=tmp_path,
        env=pages.environment(env | {"BUS_GROUPE": "cd-69m-essai"}),
        capture_output=True,
        check=True,
        timeout=120,
    )

    assert [json.loads(line)["evenement"]["id"] for line in read.stdout.splitlines()] == [event["id"]]


def test_every_refusal_is_in_the_log_of_the_broker(roles: Roles) -> None:
    account, name = "abonne-cd-69m", topics.departement("69M")
    assert Account(roles.client(account)).readable([name]) == set()

    eventually(
        lambda: any(
            f"Principal = User:{account} is Denied operation = " in line and name in line
            for line in roles.running.log().splitlines()
        ),
        timeout=20,
        what=roles.running.log,
    )


def test_rights_are_applied_by_command_pruned_only_when_asked_and_revoked_with_a_partner(
    roles: Roles, tmp_path: Path
) -> None:
    admin, env = roles.running.admin(), environment(roles.running.admin()) | {"BUS_DATA_DIR": str(tmp_path)}
    stray = acl.KafkaRight("bus-watch", "transactional-id", "autre", "literal", "WRITE")
    others = [acl.KafkaRight("facturation", "topic", name, "literal", "READ") for name in ("autre", "evenements")]
    lost = acl.RIGHTS[-1]
    accounts.grant(admin, [stray, *others])
    accounts.withdraw(admin, [lost])

    first = bus(env, "topics", "acl", "apply")
    kept = accounts.found(admin)
    second = bus(env, "topics", "acl", "apply", "--prune", "--json")

    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "1 droits accordés" in first.stdout
    assert stray in kept
    # partners keep their rights though nobody named them, another application its own
    assert sorted(accounts.found(admin)) == sorted([*RIGHTS, *others])
    assert [row["nom"] for row in json.loads(second.stdout)["autres"]] == ["evenements"]
    accounts.withdraw(admin, others)

    revoked = bus(env, "topics", "acl", "revoke", "cd-69m")
    left = accounts.found(admin)
    accounts.grant(admin, RIGHTS)
    assert revoked.returncode == 0, revoked.stderr
    assert sorted(left) == sorted(acl.declared(["cd-52"]))


def test_a_partner_that_is_declared_has_its_topic_its_account_and_reads(roles: Roles, tmp_path: Path) -> None:
    admin, env = roles.running.admin(), environment(roles.running.admin()) | {"BUS_DATA_DIR": str(tmp_path)}
    own = topics.abonne("neuf")

    first, again = (bus(env, "topics", "acl", "apply", "--abonne", "neuf", "--json") for _ in range(2))
    try:
        assert first.returncode == again.returncode == 0, first.stderr + again.stderr
        assert [json.loads(done.stdout)["topics"] for done in (first, again)] == [[own.name], []]
        topics.check(admin, (own,))
        assert Account(roles.client("abonne-neuf")).readable([own.name, *EVERY_TOPIC]) == {own.name}
    finally:
        accounts.withdraw(admin, acl.partner("neuf"))


def test_an_account_is_made_and_its_password_changed_from_a_file(roles: Roles, tmp_path: Path) -> None:
    env = environment(roles.running.admin()) | {"BUS_DATA_DIR": str(tmp_path)}
    file = tmp_path / "nouveau.mdp"
    client = roles.client("bus-watch").model_copy(
        update={"kafka_username": "abonne-nouveau", "kafka_password_file": file}
    )

    made = bus(env, "topics", "compte", "abonne-nouveau", "--fichier", str(file))
    first = file.read_text()
    kafka.admin(client).metadata()
    renewed = bus(env, "topics", "compte", "abonne-nouveau", "--fichier", str(file), "--nouveau")

    assert made.returncode == renewed.returncode == 0, made.stderr + renewed.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert first != file.read_text()
    kafka.admin(client).metadata()
    file.write_text(first)
    with pytest.raises(Misconfigured, match="mot de passe"):
        kafka.admin(client).metadata()


def test_in_production_every_role_refuses_this_single_broker_with_each_of_its_faults_at_once(roles: Roles) -> None:
    roles.start(*ROLES, BUS_PROFIL="production")

    for role in ROLES:
        roles.refused(role, "le broker diffère")
    said = roles.said("relay")
    for fault in (
        "default.replication.factor : attendu au moins 3, trouvé 1",
        "offsets.topic.replication.factor : attendu au moins 3, trouvé 1",
        "transaction.state.log.min.isr : attendu au moins 2, trouvé 1",
        "evenements : répliques attendu au moins 3, trouvé 1",
        "flux : min.insync.replicas attendu au moins 2, trouvé 1",
    ):
        assert fault in said
    assert "quarantaine" not in said  # not the relay's


def test_in_production_the_plain_local_broker_is_refused_because_anybody_may_do_anything(platform: Platform) -> None:
    topics.apply(platform.settings)

    with pytest.raises(Misconfigured) as refused:
        production.check(platform.settings.model_copy(update={"profil": "production"}))

    assert "authorizer.class.name : attendu StandardAuthorizer, trouvé aucun" in str(refused.value)
    assert "trouvé PLAINTEXT ; il accepte des inconnus" in str(refused.value)
