import dataclasses
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bus import access, acl, kafka, topics
from bus.acl_plan import Plan, plan
from bus.errors import Misconfigured, Refused
from bus.settings import Settings
from guichet.commands.acl import compte

SECRET = "un-mot-de-passe-de-test"  # noqa: S105 - of nobody


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """A role with an account, a password and certificates."""
    for name in ("ca.crt", "relay.crt", "relay.key"):
        (tmp_path / name).write_text("PEM")
    (tmp_path / "kafka.mdp").write_text(f"{SECRET}\n")
    return {
        "kafka_bootstrap": "127.0.0.1:9092",
        "kafka_username": "bus-relay",
        "secrets_dir": tmp_path,
        "kafka_ca_file": tmp_path / "ca.crt",
        "kafka_cert_file": tmp_path / "relay.crt",
        "kafka_key_file": tmp_path / "relay.key",
    }


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1:9092", True),
        ("127.8.8.8:9092", True),
        ("localhost:9092", True),
        ("[::1]:9092", True),
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("[::1]", True),
        (" localhost:9092 ", True),
        ("[fe80::1]:9092", False),
        ("[::]:9092", False),
        (":9092", False),
        ("", False),
        ("10.0.0.1:9092", False),
        ("kafka.example.fr:9092", False),
        ("localhost.example.fr:9092", False),
        ("127.0.0.1.example.fr:9092", False),
    ],
)
def test_only_this_machine_is_the_loopback(address: str, here: bool) -> None:  # noqa: FBT001 - a table of cases
    assert access.is_loopback(address) is here


@pytest.mark.parametrize("protocol", ["plaintext", "sasl_plaintext"])
@pytest.mark.parametrize("profil", [None, "local", "production"])
def test_nothing_is_said_in_clear_to_another_machine_whatever_the_profile(
    given: dict[str, Any], protocol: Any, profil: Any
) -> None:
    far = {**given, "kafka_bootstrap": "127.0.0.1:9092,kafka.example.fr:9092"}

    with pytest.raises(Misconfigured, match=r"kafka\.example\.fr:9092.*BUS_KAFKA_SECURITY_PROTOCOL attendu ssl"):
        kafka.producer(Settings(**far, kafka_security_protocol=protocol, profil=profil))


def test_a_broker_elsewhere_is_production_until_told_otherwise(given: dict[str, Any]) -> None:
    far = Settings(**{**given, "kafka_bootstrap": "kafka.example.fr:9092"}, kafka_security_protocol="ssl")

    assert access.is_production(far)
    assert not access.is_production(far.model_copy(update={"profil": "local"}))
    assert not access.is_production(Settings(**given))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("localhost", "localhost:9092"),
        ("localhost:9092,", "localhost:9092"),
        (" 127.0.0.1:9092 , [::1]:9093 ,, ::1", "127.0.0.1:9092,[::1]:9093,[::1]:9092"),
        ("[::1]", "[::1]:9092"),
    ],
)
def test_addresses_may_be_written_as_clients_allow_them(given: dict[str, Any], written: str, read: str) -> None:
    settings = Settings(**{**given, "kafka_bootstrap": written})

    assert access.client_config(settings)["bootstrap.servers"] == read
    assert not access.is_production(settings)


@pytest.mark.parametrize(
    "wrong", ["plaintext://kafka.example.fr:9092", "127.0.0.1:port", "a b:9092", "127.0.0.1:", ":1"]
)
def test_what_is_not_an_address_is_refused_even_when_encrypted(given: dict[str, Any], wrong: str) -> None:
    settings = Settings(**{**given, "kafka_bootstrap": f"127.0.0.1:9092,{wrong}"}, kafka_security_protocol="ssl")

    with pytest.raises(Misconfigured, match="adresse de broker refusée"):
        access.client_config(settings)


def test_one_far_address_among_several_makes_it_production(given: dict[str, Any]) -> None:
    mixed = Settings(**{**given, "kafka_bootstrap": "[::1]:9092,localhost,10.0.0.1:9092"})

    assert access.is_production(mixed)
    with pytest.raises(Misconfigured, match=r"refusée vers 10\.0\.0\.1:9092 :"):
        access.client_config(mixed)


def test_a_tunnel_that_begins_here_and_ends_elsewhere_is_production(given: dict[str, Any]) -> None:
    here = Settings(**given)

    assert not access.is_production(here, ["127.0.0.1:9092", "[::1]:9093"])
    assert access.is_production(here, ["127.0.0.1:9092", "kafka-2.example.fr:9092"])
    assert not access.is_production(here.model_copy(update={"profil": "local"}), ["kafka-2.example.fr:9092"])


def test_a_client_has_its_account_and_password_from_a_file(given: dict[str, Any]) -> None:
    settings = Settings(**given, kafka_security_protocol="sasl_ssl")

    config = access.client_config(settings)

    assert (config["security.protocol"], config["sasl.mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (config["sasl.username"], config["sasl.password"]) == ("bus-relay", SECRET)
    assert config["ssl.ca.location"] == str(given["kafka_ca_file"])
    assert SECRET not in repr(access.password(settings)) + repr(settings)


@pytest.mark.parametrize(
    ("protocol", "without", "named"),
    [
        ("sasl_ssl", "kafka_username", "BUS_KAFKA_USERNAME"),
        ("sasl_plaintext", "secrets_dir", "BUS_KAFKA_PASSWORD_FILE"),
        ("ssl", "kafka_cert_file", "BUS_KAFKA_CERT_FILE"),
        ("ssl", "kafka_key_file", "BUS_KAFKA_KEY_FILE"),
    ],
)
def test_what_is_missing_is_named(given: dict[str, Any], protocol: Any, without: str, named: str) -> None:
    with pytest.raises(Misconfigured, match=named):
        access.client_config(Settings(**{**given, without: None}, kafka_security_protocol=protocol))


def test_an_empty_or_absent_password_file_is_refused(given: dict[str, Any]) -> None:
    settings = Settings(**given, kafka_security_protocol="sasl_plaintext")
    (given["secrets_dir"] / "kafka.mdp").write_text("\n")
    with pytest.raises(Misconfigured, match="vide"):
        access.client_config(settings)

    (given["secrets_dir"] / "kafka.mdp").unlink()
    with pytest.raises(Misconfigured, match="illisible"):
        access.client_config(settings)


@pytest.mark.parametrize("change", [{"acks": "1"}, {"enable.idempotence": False}, {"partitioner": "consistent_random"}])
def test_a_producer_that_could_lose_or_reorder_is_never_made(change: dict[str, Any]) -> None:
    safe = {"bootstrap.servers": "127.0.0.1:9", "acks": "all", "enable.idempotence": True}
    safe["partitioner"] = kafka.PARTITIONER

    with pytest.raises(Misconfigured, match=next(iter(change))):
        kafka.BusProducer({**safe, **change})


def test_every_account_has_rights_on_declared_topics_only_and_none_may_delete_or_alter() -> None:
    names = [topic.name for topic in topics.TOPICS]

    for right in acl.RIGHTS:
        known = right.name in (acl.OWN, acl.OFFSETS) or any(right.covers("topic", name) for name in names)
        assert right.kind != "topic" or known, right
        assert right.operation not in ("ALL", "ALTER", "ALTER_CONFIGS", "DELETE", "CLUSTER_ACTION", "IDEMPOTENT_WRITE")
        assert "*" not in right.name


def test_each_role_compares_the_topics_it_works_with() -> None:
    assert [topic.name for topic in acl.topics_of(acl.RELAY)] == ["evenements", "flux"]
    assert {topic.name for topic in acl.topics_of(acl.DELIVER)} == {
        "quarantaine",
        *(topic.name for topic in topics.TOPICS if topic.name.startswith("departement.")),
    }
    assert acl.topics_of(acl.WATCH) == topics.TOPICS


def test_a_partner_reads_its_own_topic_under_its_own_groups() -> None:
    mine = [right for right in acl.partner("cd-52") if right.principal == "abonne-cd-52"]

    assert {(right.operation, right.kind, right.name) for right in mine} == {
        ("READ", "topic", "abonne.cd-52.evenements"),
        ("READ", "group", "cd-52-"),
    }


@pytest.mark.parametrize("slug", ["", "CD52", "cd_52", "-cd", "cd-", "cd--52", "cd.52", "bus", "bus-52", "é"])
def test_a_partner_whose_name_could_reach_others_is_refused(slug: str) -> None:
    with pytest.raises(Refused):
        acl.partner(slug)


def test_two_partners_whose_groups_would_meet_are_refused() -> None:
    with pytest.raises(Refused, match="cd et cd-52"):
        acl.declared(["cd-52", "cd"])
    with pytest.raises(Refused, match="cd et cd-52"):
        acl.declared(["cd"], known=["cd-52"])
    acl.declared(["cd-5", "cd-52"])


def test_a_plan_adds_what_is_missing_and_finds_what_is_too_much_but_not_another_partner() -> None:
    stray = acl.KafkaRight("bus-relay", "topic", "autre", "literal", "READ")
    wide = acl.KafkaRight("abonne-cd-52", "topic", "abonne.", "prefixed", "READ")
    transaction = acl.KafkaRight("abonne-cd-52", "transactional-id", "cd-52", "prefixed", "WRITE")
    present = [*acl.RIGHTS[1:], *acl.partner("cd-52"), stray, wide, transaction]

    assert plan(present, acl.declared()) == Plan((acl.RIGHTS[0],), tuple(sorted((wide, stray, transaction))))


@pytest.mark.parametrize(
    ("kind", "name", "pattern", "told"),
    [
        ("topic", "facturation", "literal", False),
        ("topic", "facturation.", "prefixed", False),
        ("group", "facturation", "literal", False),
        ("cluster", acl.CLUSTER, "literal", False),
        ("transactional-id", "facturation", "literal", False),
        ("topic", "evenements", "literal", True),
        ("topic", "ev", "prefixed", True),
        ("topic", "departement.52.evenements", "literal", True),
        ("topic", "abonne.cd-52.evenements", "literal", True),
        ("topic", "a", "prefixed", True),
        ("topic", "*", "literal", True),
        ("group", "bus-stream", "literal", True),
        ("group", "b", "prefixed", True),
        ("group", "*", "literal", True),
    ],
)
def test_the_rights_of_another_application_are_never_withdrawn_and_told_where_they_reach_ours(
    kind: acl.ResourceKind,
    name: str,
    pattern: acl.Pattern,
    told: bool,  # noqa: FBT001 - a table of cases
) -> None:
    other = acl.KafkaRight("facturation", kind, name, pattern, "READ")

    assert plan([*acl.RIGHTS, other], acl.RIGHTS) == Plan((), (), (other,) if told else ())


def test_a_right_from_one_host_or_a_denial_is_not_the_declared_one() -> None:
    other = dataclasses.replace(acl.RIGHTS[0], host="10.0.0.1")

    assert plan([other, *acl.RIGHTS[1:]], acl.RIGHTS) == Plan((acl.RIGHTS[0],), (other,))


@pytest.mark.parametrize("name", [*acl.ACCOUNTS, "abonne-cd-52"])
def test_the_accounts_that_have_declared_rights_may_be_made(name: str) -> None:
    acl.refuse_undeclared(name)


@pytest.mark.parametrize(
    "name",
    ["admin", "kafka", "ANONYMOUS", "", "bus-autre", "bus-relay ", "abonne-", "abonne-bus", "abonne-CD", "abonne-a.b"],
)
def test_no_other_account_is_made_least_of_all_a_super_user(name: str, tmp_path: Path) -> None:
    file = tmp_path / "mdp"

    done = CliRunner().invoke(compte, [name, "--fichier", str(file)], env={"BUS_KAFKA_BOOTSTRAP": "127.0.0.1:1"})

    assert isinstance(done.exception, Refused)
    assert not file.exists()
