import dataclasses
from pathlib import Path
from types import SimpleNamespace

import pytest
from confluent_kafka.admin import ConfigResource
from hypothesis import given
from hypothesis import strategies as st

from bus import java_properties, kafka, listeners, production, topics
from bus.errors import Misconfigured
from bus.settings import Settings

SAFE = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "auto.create.topics.enable": "false",
    "unclean.leader.election.enable": "false",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "listeners": "CLIENTS://:9092,BROKERS://:9091,CONTROLLER://:9093",
    "listener.security.protocol.map": "CLIENTS:SASL_SSL,BROKERS:SSL,CONTROLLER:SSL",
    "ssl.client.auth": "required",
    "super.users": "User:kafka;User:admin",
}
WANTED = (topics.TOPICS[0],)
GOOD = topics.Actual(12, {"min.insync.replicas": "2", "unclean.leader.election.enable": "false"}, 3)


def faults(topic: topics.Actual = GOOD, changes: dict[str, str] | None = None) -> list[str]:
    return production.faults(production.Imprudence({1: {**SAFE, **(changes or {})}}, {"evenements": topic}), WANTED)


def test_a_safe_broker_is_accepted() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("default.replication.factor", "1", "attendu au moins 3, trouvé 1"),
        ("min.insync.replicas", "1", "attendu au moins 2, trouvé 1"),
        ("offsets.topic.replication.factor", "2", "attendu au moins 3, trouvé 2"),
        ("transaction.state.log.replication.factor", "1", "attendu au moins 3, trouvé 1"),
        ("transaction.state.log.min.isr", "1", "attendu au moins 2, trouvé 1"),
        ("auto.create.topics.enable", "true", "attendu false, trouvé true"),
        ("unclean.leader.election.enable", "true", "attendu false, trouvé true"),
        ("authorizer.class.name", "", "trouvé aucun"),
        ("super.users", "User:admin;User:ANONYMOUS", "ANONYMOUS"),
        ("listener.security.protocol.map", "CLIENTS:SASL_SSL,BROKERS:SSL,CONTROLLER:PLAINTEXT", "CONTROLLER"),
        ("ssl.client.auth", "requested", "attendu required, trouvé requested"),
    ],
)
def test_each_imprudent_setting_is_named_with_what_is_expected_and_found(key: str, value: str, said: str) -> None:
    found = faults(changes={key: value})

    assert found
    assert all(line.startswith("broker 1 : ") and said in line for line in found)


def test_a_listener_that_is_not_open_may_have_any_protocol() -> None:
    unused = {"listener.security.protocol.map": f"{SAFE['listener.security.protocol.map']},VIEUX:PLAINTEXT"}

    assert faults(changes=unused) == []


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        (dataclasses.replace(GOOD, replicas=2), "répliques attendu au moins 3, trouvé 2"),
        (dataclasses.replace(GOOD, config={**GOOD.config, "min.insync.replicas": "1"}), "trouvé 1"),
        (dataclasses.replace(GOOD, config={**GOOD.config, "unclean.leader.election.enable": "true"}), "unclean"),
    ],
)
def test_a_topic_that_could_lose_a_record_is_named(topic: topics.Actual, said: str) -> None:
    [line] = faults(topic)

    assert line.startswith("evenements : ")
    assert said in line


def test_the_files_for_operators_leave_no_door_open() -> None:
    folder = Path(__file__).resolve().parents[2] / "deploy" / "kafka"
    common = (folder / "cluster.properties").read_text("utf-8")

    for clients in ("scram", "mtls"):
        found = java_properties.parse(common + (folder / f"{clients}.properties").read_text("utf-8"))
        assert listeners.open_doors(found) == []
        assert production.faults(production.Imprudence({1: {**SAFE, **found}}, {}), ()) == []
        assert not [key for key in found if "password" in key]


def test_a_file_of_properties_is_refused_with_every_fault_at_once() -> None:
    text = "".join(f"{key}={value}\n" for key, value in SAFE.items())
    production.check_properties(text)

    with pytest.raises(Misconfigured) as refused:
        production.check_properties(text + "super.users=User:ANONYMOUS\nallow.everyone.if.no.acl.found=true\n")

    assert "ANONYMOUS" in str(refused.value)
    assert "allow.everyone" in str(refused.value)


TEXT = "".join(f"{key}={value}\n" for key, value in SAFE.items())


def without(*keys: str) -> str:
    return "".join(f"{key}={value}\n" for key, value in SAFE.items() if key not in keys)


@pytest.mark.parametrize(
    "written",
    [
        "super.users=User:kafka;\\\n  User:ANONYMOUS\n",
        "super.users: User:ANONYMOUS\n",
        "super.users User:ANONYMOUS\n",
        "super.users\t=\tUser:ANONYMOUS\n",
        "  super.users = User:kafka;\\\r\n#User:x;\\\r\n\tUser:ANONYMOUS\r\n",
        "super\\u002eusers=User\\:ANONYMOUS\n",
        "sup\\\n  er.users=User:\\u0041NONYMOUS\n",
        "# a comment ends with its line \\\nsuper.users=User:ANONYMOUS",
        "super.users=${env:PERSONNES}\n",
    ],
)
def test_a_stranger_with_every_right_is_found_however_java_lets_it_be_written(written: str) -> None:
    with pytest.raises(Misconfigured, match=r"super\.users"):
        production.check_properties(TEXT + written)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a=b", {"a": "b"}),
        ("a = b = c : d", {"a": "b = c : d"}),
        ("a", {"a": ""}),
        ("a:\n", {"a": ""}),
        ("a b", {"a": "b"}),
        ("a\\=b=c", {"a=b": "c"}),
        ("a\\ b c", {"a b": "c"}),
        ("#a=b\n!c=d\n\n \n  # e=f", {}),
        ("a=b\\\\\nc=d", {"a": "b\\", "c": "d"}),
        ("a=b\\\n   c\\\n d", {"a": "bcd"}),
        ("a=b\\\n#c", {"a": "b#c"}),
        ("a=b\\\n\nc=d", {"a": "b", "c": "d"}),
        ("a=1\na:2", {"a": "2"}),
        ("\\\n#b\n\\\n\nc", {"c": ""}),
        ("a=b\\", {"a": "b"}),
        ("a=\\u00e9\\t\\q", {"a": "é\tq"}),
        ("a=b\x0bc\u2028d", {"a": "b\x0bc\u2028d"}),
    ],
)
def test_properties_are_read_as_java_reads_them(text: str, read: dict[str, str]) -> None:
    assert java_properties.parse(text) == read


def test_what_java_refuses_is_refused() -> None:
    with pytest.raises(Misconfigured, match="cle"):
        java_properties.parse("cle=\\u12")


@pytest.mark.parametrize(
    "written",
    [
        without("listeners", "listener.security.protocol.map"),
        without("listeners", "listener.security.protocol.map") + "listeners=PLAINTEXT://0.0.0.0:9092\n",
        without("listener.security.protocol.map") + "controller.listener.names=CONTROLLER\n",
        TEXT + "listeners=AUTRE://:9092\n",
        TEXT + "listeners=\n",
    ],
)
def test_what_a_file_does_not_say_about_its_listeners_is_kafkas_default(written: str) -> None:
    with pytest.raises(Misconfigured, match="trouvé PLAINTEXT ; il accepte des inconnus"):
        production.check_properties(written)


CLEAR = "listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,BROKERS:SSL\n"


@pytest.mark.parametrize("address", ["0.0.0.0:9092", ":9092", "[::]:9092", "10.0.0.1:9092", "kafka.example.fr:9092"])
def test_an_account_in_clear_is_refused_on_the_network(address: str) -> None:
    with pytest.raises(Misconfigured, match="écouteur CLIENTS : attendu SASL_SSL ou la boucle locale"):
        production.check_properties(f"{TEXT}{CLEAR}listeners=CLIENTS://{address},BROKERS://:9091\n")


def test_an_account_in_clear_is_accepted_on_the_loopback_and_a_stranger_is_not() -> None:
    bound = f"{TEXT}{CLEAR}listeners=CLIENTS://127.0.0.1:9092,clients://[::1]:9092,BROKERS://:9091\n"
    production.check_properties(bound)

    with pytest.raises(Misconfigured, match=r"écouteur CLIENTS : .*trouvé PLAINTEXT"):
        production.check_properties(bound + "listener.security.protocol.map=CLIENTS:PLAINTEXT,BROKERS:SSL\n")


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_PLAINTEXT"])
@pytest.mark.parametrize("name", ["controller.listener.names", "inter.broker.listener.name"])
def test_a_listener_that_a_node_only_speaks_to_is_judged_too(protocol: str, name: str) -> None:
    broker = (
        f"{TEXT}process.roles=broker\nlisteners=CLIENTS://:9092\n{name}=AUTRE\n"
        f"listener.security.protocol.map=CLIENTS:SASL_SSL,AUTRE:{protocol}\n"
    )

    with pytest.raises(Misconfigured, match=f"écouteur AUTRE : .*trouvé {protocol}"):
        production.check_properties(broker)


class Tunnel:
    """The admin client of a broker reached on the loopback, which says that it is elsewhere."""

    def __init__(self, host: str) -> None:
        self.brokers, self.topics = {1: SimpleNamespace(host=host, port=9092)}, dict[str, object]()

    def metadata(self) -> "Tunnel":
        return self

    def describe_configs(self, asked: list[ConfigResource]) -> dict[ConfigResource, dict[str, object]]:
        return {one: {key: SimpleNamespace(value=value) for key, value in FRAIL.items()} for one in asked}

    def answers(self, futures: dict[str, object]) -> dict[str, object]:
        return futures


FRAIL = {**SAFE, "auto.create.topics.enable": "true"}


def test_a_cluster_behind_a_tunnel_is_inspected_as_production(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(kafka_bootstrap="127.0.0.1:9092", kafka_security_protocol="ssl")
    host = ["127.0.0.1"]
    monkeypatch.setattr(kafka, "admin", lambda _: Tunnel(host[0]))

    production.check(settings, ())
    host[0] = "kafka-1.example.fr"
    with pytest.raises(Misconfigured, match=r"auto\.create\.topics\.enable : attendu false, trouvé true"):
        production.check(settings, ())


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\\\r\n"), min_size=1)
    .map(str.strip)
    .filter(bool)
)
def test_what_is_written_for_java_is_read_back_the_same(value: str) -> None:
    text = java_properties.escaped(f"log.dirs=x{value}")

    assert text.isascii()
    assert java_properties.parse(text) == java_properties.parse(f"log.dirs=x{value}")
