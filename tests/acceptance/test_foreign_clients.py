"""Clients that are not ours read what the bus writes, as the pages say: kafkajs, kcat, Standard Webhooks, psql."""

import csv
import io
import json
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helpers import pages
from helpers.capture import Delivery
from helpers.clients import PREFIX, Scene, as_json, playing
from helpers.foreign import WEBHOOK, expected, lines, post, receiving, rotated, signed
from helpers.node import SOURCE, modules
from helpers.tools import need

import avro_schemas
from avro_schemas.models import EVENT_VERSION
from bus import kafka, topics
from bus.registry import Registry
from bus.settings import Settings
from bus.topics import EVENEMENTS, FLUX, QUARANTAINE

KAFKAJS = "lire-un-topic-avec-kafkajs.md"
KCAT = "lire-un-topic-avec-kcat.md"
PSQL = "lire-les-rapports-avec-psql.md"


@pytest.fixture(scope="module")
def node(artifacts_dir: Path) -> Path:
    need("node")
    return modules(artifacts_dir.parent)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with playing(tmp_path_factory.mktemp("clients")) as scene:
        yield scene


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, node: Path) -> Path:
    """Give the folder of a reader of the pages: their programs, the packages installed."""
    folder = tmp_path_factory.mktemp("lecteur")
    (folder / "node_modules").symlink_to(node, target_is_directory=True)
    for page in (KAFKAJS, WEBHOOK):
        for name, text in pages.blocks(page).items():
            if "." in name:
                (folder / name).write_text(text, encoding="utf-8")
    return folder


# First, because a signature is worth five minutes.
@pytest.mark.parametrize("language", ["python", "node"])
def test_the_receiver_of_the_page_takes_every_delivery_once(
    scene: Scene, desk: Path, tmp_path: Path, language: str
) -> None:
    taken = scene.capture.taken()
    with receiving(desk, tmp_path, language, scene.new, scene.old) as (port, said):
        answers = Counter(post(port, one.headers, one.body) for one in [*taken, *taken])

    bodies = {one.headers["webhook-id"]: json.loads(one.body) for one in taken}
    assert answers == {204: 2 * len(taken)}
    assert sorted(said.read_text().splitlines()) == sorted(f"{body['type']} {body['id']}" for body in bodies.values())


@pytest.mark.parametrize("language", ["python", "node"])
def test_the_receiver_of_the_page_refuses_what_the_bus_did_not_sign(
    scene: Scene, desk: Path, tmp_path: Path, language: str
) -> None:
    one, now = scene.capture.taken()[0], datetime.now(UTC)
    far = timedelta(minutes=10)
    other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    with receiving(desk, tmp_path, language, scene.old) as (port, _):
        answers = {
            "as signed": post(port, signed(scene.old, one, at=now), one.body),
            "altered body": post(port, one.headers, one.body.replace(b'"sequence"', b'"Sequence"')),
            "rewritten JSON": post(port, one.headers, json.dumps(json.loads(one.body), indent=1).encode()),
            "another id": post(port, one.headers | {"webhook-id": "autre"}, one.body),
            "another secret": post(port, signed(other, one, at=now), one.body),
            "too old": post(port, signed(scene.old, one, at=now - far), one.body),
            "too new": post(port, signed(scene.old, one, at=now + far), one.body),
            "unsigned": post(port, {}, one.body),
        }

    assert answers.pop("as signed") == 204
    assert answers == dict.fromkeys(answers, 401)


@pytest.mark.parametrize("language", ["python", "node"])
def test_during_a_rotation_the_old_secret_and_the_new_one_both_verify(
    scene: Scene, desk: Path, tmp_path: Path, language: str
) -> None:
    before = [one for one in scene.capture.taken() if not rotated(one)]
    during = [one for one in scene.capture.taken() if rotated(one)]
    answers = {}
    for name, secret in (("old", scene.old), ("new", scene.new)):
        with receiving(desk, tmp_path, language, secret) as (port, _):
            for phase, deliveries in (("before", before), ("during", during)):
                answers[phase, name] = {post(port, one.headers, one.body) for one in deliveries}

    accepted, refused = {204}, {401}
    assert answers == {
        ("before", "old"): accepted,
        ("before", "new"): refused,
        ("during", "old"): accepted,
        ("during", "new"): accepted,
    }


def test_a_delivery_tried_again_keeps_its_id_and_its_body(scene: Scene) -> None:
    tries: dict[str, list[Delivery]] = defaultdict(list)
    for one in scene.capture.attempts:
        tries[json.loads(one.body)["id"]].append(one)

    assert any(len(attempts) > 1 for attempts in tries.values())
    for attempts in tries.values():
        assert len({(one.headers["webhook-id"], one.body) for one in attempts}) == 1
        assert [int(one.headers["webhook-attempt"]) for one in attempts] == list(range(1, len(attempts) + 1))


def test_the_run_tells_every_type_of_the_contract(scene: Scene) -> None:
    kinds = {event["type"] for event in scene.events("")}

    assert kinds == set(EVENT_VERSION)
    assert scene.events(QUARANTAINE)
    assert any(record.event is None for record in scene.records), "no tombstone"
    assert any(event["enrichissement"] for event in scene.events(PREFIX))


def test_kafkajs_reads_every_record_as_our_codec_does(scene: Scene, desk: Path) -> None:
    wanted = sorted({record.topic for record in scene.records})
    assert {EVENEMENTS, FLUX, QUARANTAINE, f"{PREFIX}52.evenements", f"{PREFIX}21.evenements"} <= set(wanted)

    output = subprocess.run(
        ["node", "lire.mjs", *wanted], cwd=desk, env=pages.environment(scene.env), capture_output=True, check=True
    ).stdout.decode()

    assert lines(output) == {record.place: expected(record) for record in scene.records}


def test_the_command_of_the_page_reads_one_topic(scene: Scene, desk: Path) -> None:
    output = pages.run(KAFKAJS, "lire", folder=desk, env=scene.env | {"BUS_GROUPE": "une-page"})

    topic = f"{PREFIX}52.evenements"
    assert lines(output) == {one.place: expected(one) for one in scene.records if one.topic == topic}


def test_kafkajs_reads_compressed_batches(scene: Scene, desk: Path) -> None:
    settings = Settings.load(scene.system.data)
    topics.create(settings, (topics.Topic("essai.gzip", 1, "tests", "un test", 1),))
    sender = kafka.producer(settings, linger_ms=50)
    for _ in range(50):
        sender.produce("essai.gzip", None, "cle", headers=[("ce_id", b"0" * 200)])
    sender.flush()
    (segment,) = (scene.system.data / "kafka").rglob("essai.gzip-0/*.log")
    assert segment.read_bytes()[22] & 0b111 == 1, "the batch is not compressed by gzip"  # attributes of a batch, v2

    env = pages.environment(scene.env | {"BUS_GROUPE": "gzip"})
    done = subprocess.run(["node", "lire.mjs", "essai.gzip"], cwd=desk, env=env, capture_output=True, check=True)

    assert {one["entetes"]["ce_id"] for one in lines(done.stdout.decode()).values()} == {"0" * 200}
    assert len(done.stdout.splitlines()) == 50


def test_the_page_installs_what_the_tests_use() -> None:
    pinned = json.loads((SOURCE / "package.json").read_text())["dependencies"]

    asked = pages.blocks(KAFKAJS)["installer"] + pages.blocks(WEBHOOK)["installer-node"]

    assert {word for word in asked.split() if word.count("@") and not word.startswith("--")} == {
        f"{name}@{version}" for name, version in pinned.items()
    }


@pytest.mark.parametrize("topic", [EVENEMENTS, FLUX, QUARANTAINE, f"{PREFIX}52.evenements"])
def test_kcat_shows_the_key_and_the_headers_of_each_record(scene: Scene, tmp_path: Path, topic: str) -> None:
    need("kcat")

    output = pages.run(KCAT, "lire", folder=tmp_path, env=scene.env | {"TOPIC": topic})

    shown = set()
    for line in output.splitlines():
        partition, offset, key, size, headers = line.split("\t")
        pairs = frozenset(tuple(pair.split("=", 1)) for pair in headers.split(",") if pair)
        shown.add((int(partition), int(offset), key, int(size), pairs))
    assert shown == {
        (one.partition, one.offset, one.key, one.size, frozenset(one.headers.items()))
        for one in scene.records
        if one.topic == topic
    }


def test_headers_are_copies_of_fields(scene: Scene) -> None:
    for record in scene.records:
        if record.event is None:
            assert record.headers == {}
            continue
        event, told = as_json(record.event), record.headers
        assert record.key == (event["cle_personne"] or event["cause"]["flux_id"])
        names = {"ce_id": "id", "ce_type": "type", "ce_source": "source", "ce_time": "date_observation"}
        assert {header: told[header] for header in names} == {header: event[name] for header, name in names.items()}
        assert (told["ce_specversion"], told["content-type"]) == ("1.0", "application/avro")
        routed = event["enrichissement"] and event["enrichissement"]["autorite"]
        assert told.get("ce_autorite") == routed


def test_kcat_shows_schemas_and_topics(scene: Scene, tmp_path: Path) -> None:
    need("kcat")
    env = scene.env | {"TOPIC": FLUX}

    counted = [line.split() for line in pages.run(KCAT, "schema", folder=tmp_path, env=env).splitlines()]
    listed = pages.run(KCAT, "topics", folder=tmp_path, env=env)

    registry = Registry(scene.env["BUS_REGISTRY_URL"], None)
    kinds = Counter(event["type"] for event in scene.events(FLUX))
    wanted = {f"0{registry.id_of(kind, avro_schemas.read(kind))}": str(count) for kind, count in kinds.items()}
    assert {schema: count for count, schema in counted} == wanted
    assert f'topic "{EVENEMENTS}" with 12 partitions' in listed


@pytest.fixture
def ask(scene: Scene, tmp_path: Path) -> Callable[[str], list[dict[str, str]]]:
    """Give a function that runs one question of the page on psql and reads its table."""
    need("psql")
    env = {"BUS_DATA_DIR": str(scene.system.data)}
    return lambda name: list(csv.DictReader(io.StringIO(pages.run(PSQL, name, folder=tmp_path, env=env))))


def test_psql_counts_what_the_reports_of_the_files_said(
    scene: Scene, ask: Callable[[str], list[dict[str, str]]]
) -> None:
    told = scene.reports

    days: Counter[tuple[str, str, str]] = Counter()
    for row in ask("jours"):
        for name in ("flux", "acceptes", "rejetes", "lus", "evenements", "publies"):
            days[row["source"], row["autorite"], name] += int(row[name])

    truth: Counter[tuple[str, str, str]] = Counter()
    for report in told:
        events = sum(report["evenements"].values())
        verdict = {"accepte": "acceptes", "rejete": "rejetes"}[report["verdict"]]
        counts = {"flux": 1, verdict: 1, "lus": report["lus"], "evenements": events, "publies": events}
        for name, count in counts.items():
            truth[report["source"], report["autorite"] or "", name] += count
    assert days == truth


def test_psql_counts_the_events_by_type(scene: Scene, ask: Callable[[str], list[dict[str, str]]]) -> None:
    told = {row["type"]: int(row["nombre"]) for row in ask("types")}

    published = Counter(event["type"] for event in scene.events(EVENEMENTS) + scene.events(FLUX))
    assert told == published


def test_psql_shows_refusals_and_what_is_put_aside(scene: Scene, ask: Callable[[str], list[dict[str, str]]]) -> None:
    assert [(row["source"], row["autorite"], row["motif"]) for row in ask("refus")] == [("cnaf", "52", "compteur")]
    assert ask("restes") == []
    assert {(row["etape"], row["code"], row["autorite"], row["nombre"]) for row in ask("mis-de-cote")} == {
        ("lecture", "valeur", "52", "1"),
        ("rapprochement", "attente", "52", "1"),
    }


def test_psql_explains_the_views(scene: Scene, tmp_path: Path) -> None:
    need("psql")

    output = pages.run(PSQL, "ouvrir", folder=tmp_path, env={"BUS_DATA_DIR": str(scene.system.data)})

    assert "identifiant : sha256 des octets du fichier" in output
