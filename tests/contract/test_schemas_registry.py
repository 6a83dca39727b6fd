"""The registry client keeps its promises before a fake and before Apicurio itself; the failures, before the fake."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fastavro.schema import to_parsing_canonical_form
from helpers.http_registry import HttpRegistry, serving
from helpers.records import example
from helpers.wait import eventually

import avro_schemas
from avro_schemas.named import named_types
from bus.codec import Codec, encode_body
from bus.errors import InvalidEvent, Misconfigured, Unavailable
from bus.platform.apicurio import SchemaRegistry
from bus.platform.artifacts import install
from bus.platform.ports import free_port
from bus.platform.process import Child
from bus.registry import Registry, apply_contract
from bus.registry_mode import FULL_TRANSITIVE, check_mode
from guichet.commands.schemas import schemas

NAME = "rsa.droits_devoirs.entree"
ARTIFACTS = Path(os.environ.get("BUS_ARTIFACTS_DIR", Path(__file__).resolve().parents[2] / ".bus" / "artifacts"))


@pytest.fixture
def fake() -> Iterator[HttpRegistry]:
    with serving() as registry:
        yield registry


@pytest.fixture(scope="module")
def apicurio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start one real registry; at home only where `bus dev up` has already fetched it, in CI always."""
    if not os.environ.get("CI") and not list(ARTIFACTS.glob("apicurio-registry-app-*/quarkus-run.jar")):
        pytest.skip("the registry has not been installed by `bus dev up`")
    folder = tmp_path_factory.mktemp("registre")
    service = SchemaRegistry(folder, install(ARTIFACTS, lambda _: None), free_port(), free_port())
    service.prepare()
    child = Child(service.program(), log=folder / "registre.log", pid_file=folder / "registre.pid")
    try:
        eventually(service.ready, timeout=90, what="the registry serves")
        yield service.url
    finally:
        child.stop()


@pytest.fixture(params=["fake", "apicurio"])
def url(request: pytest.FixtureRequest) -> str:
    found = request.getfixturevalue(request.param)
    return found.url if isinstance(found, HttpRegistry) else str(found)


def with_field(schema: dict[str, Any], **change: Any) -> dict[str, Any]:
    return {**schema, "fields": [*schema["fields"], {"name": "ajout", "type": ["null", "string"], **change}]}


def notes(schema: dict[str, Any]) -> dict[str, list[tuple[str, str, str]]]:
    """Give what Avro ignores and we need: per record, each field's name, sensitivity and origin."""
    return {
        str(named["name"]): [(one["name"], one["sensibilite"], one["origine"]) for one in named.get("fields", ())]
        for named in named_types(schema)
    }


def test_the_whole_contract_is_registered_under_full_transitive_and_twice_is_once(url: str) -> None:
    first, again = apply_contract(Registry(url)), apply_contract(Registry(url))

    assert first == again
    assert {one.subject for one in first} == set(avro_schemas.names())
    assert Registry(url).mode() == FULL_TRANSITIVE
    assert set(avro_schemas.names()) <= Registry(url).subjects().keys()


def test_an_id_leads_back_to_the_schema_with_its_notes(url: str) -> None:
    for one in apply_contract(Registry(url)):
        ours = avro_schemas.read(one.subject, one.version)
        found = Registry(url).schema(one.schema_id)
        assert to_parsing_canonical_form(found) == to_parsing_canonical_form(ours)
        assert notes(found) == notes(ours)
        assert Registry(url).id_of(one.subject, ours) == one.schema_id


def test_an_event_framed_by_one_process_is_read_and_completed_by_another(url: str) -> None:
    apply_contract(Registry(url))
    record, completed = example(NAME, "avant-routage"), example(NAME, "enrichie")
    value = Codec(Registry(url)).frame(NAME, 1, encode_body(NAME, record))
    other = Codec(Registry(url))

    routed = other.append(value, completed["enrichissement"])

    assert other.decode(value) == record
    assert Codec(Registry(url)).decode(routed) == completed
    assert (other.appended, other.reencoded) == (1, 0)


def test_a_new_field_needs_a_default(url: str) -> None:
    registry, schema = Registry(url), avro_schemas.read("flux.rejete")
    apply_contract(registry)

    with pytest.raises(Misconfigured, match="compatible"):
        registry.register("flux.rejete", with_field(schema, type="string"))
    assert registry.register("flux.rejete", with_field(schema, default=None)) > 0


def test_a_schema_that_nobody_registered_has_no_id(url: str) -> None:
    with pytest.raises(Misconfigured, match="bus schemas apply"):
        Registry(url).id_of("flux.traite", with_field(avro_schemas.read("flux.traite"), default=None))
    with pytest.raises(Misconfigured, match="bus schemas apply"):
        Registry(url).id_of("jamais.vu", avro_schemas.read("flux.traite"))


def test_what_is_not_avro_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="ne lit pas"):
        Registry(url).register(
            "essai.faux", {"type": "record", "name": "faux", "fields": [{"name": "a", "type": "rien"}]}
        )


def test_an_id_that_no_schema_has_makes_an_invalid_event(url: str) -> None:
    with pytest.raises(InvalidEvent, match="schema_inconnu"):
        Registry(url).schema(999_999)


def test_a_schema_is_asked_once_and_after_a_restart_not_at_all(fake: HttpRegistry, tmp_path: Path) -> None:
    apply_contract(Registry(fake.url))
    registry = Registry(fake.url, tmp_path)
    schema = registry.schema(1)
    fake.calls.clear()

    assert registry.schema(1) == schema
    assert Registry(fake.url, tmp_path).schema(1) == schema
    assert fake.calls == []


def test_a_cut_cache_file_is_asked_again(fake: HttpRegistry, tmp_path: Path) -> None:
    apply_contract(Registry(fake.url))
    (tmp_path / "1.json").write_text('{"type": "rec', encoding="utf-8")

    assert Registry(fake.url, tmp_path).schema(1) == avro_schemas.read(avro_schemas.names()[0])


@pytest.mark.parametrize("forced", [(503, b""), (429, b"{}"), (200, b"<html>")])
def test_a_registry_that_says_later_or_nonsense_is_unavailable(fake: HttpRegistry, forced: tuple[int, bytes]) -> None:
    fake.forced = forced

    for call in (lambda: Registry(fake.url).schema(1), lambda: Registry(fake.url).mode()):
        with pytest.raises(Unavailable):
            call()


@pytest.mark.parametrize("forced", [(401, b""), (200, b"{}"), (200, b"[]")])
def test_a_registry_that_refuses_or_is_none_is_a_misconfiguration(
    fake: HttpRegistry, forced: tuple[int, bytes]
) -> None:
    fake.forced = forced

    for call in (lambda: Registry(fake.url).schema(1), lambda: Registry(fake.url).register("a", {"type": "string"})):
        with pytest.raises(Misconfigured):
            call()


def test_a_registry_that_keeps_another_mode_is_refused(fake: HttpRegistry) -> None:
    fake.forced = (200, json.dumps({"compatibilityLevel": "NONE"}).encode())

    with pytest.raises(Misconfigured, match="NONE"):
        apply_contract(Registry(fake.url))


def put_mode(url: str, mode: str, subject: str = "") -> None:
    Registry(url)._ask("PUT", f"/config{subject}", {"compatibility": mode})


def test_a_role_refuses_a_registry_whose_general_mode_was_changed_until_the_contract_is_applied_again(url: str) -> None:
    apply_contract(Registry(url))
    check_mode(Registry(url))
    put_mode(url, "NONE")

    with pytest.raises(Misconfigured, match="applique NONE au lieu de FULL_TRANSITIVE : lancez « bus schemas apply »"):
        check_mode(Registry(url))
    apply_contract(Registry(url))
    check_mode(Registry(url))


def test_a_role_refuses_a_registry_where_one_record_has_a_mode_of_its_own_until_it_is_applied_again(url: str) -> None:
    apply_contract(Registry(url))
    put_mode(url, "BACKWARD", "/flux.rejete")

    with pytest.raises(Misconfigured, match=r"applique BACKWARD à flux\.rejete au lieu"):
        check_mode(Registry(url))
    apply_contract(Registry(url))
    check_mode(Registry(url))
    with pytest.raises(Misconfigured, match="compatible"):
        Registry(url).register("flux.rejete", with_field(avro_schemas.read("flux.rejete"), type="string"))


def test_a_registry_that_does_not_answer_keeps_no_role_from_starting(fake: HttpRegistry) -> None:
    fake.forced = (503, b"")

    check_mode(Registry(fake.url))


def test_a_registry_that_is_down_is_unavailable() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, never listening
        with pytest.raises(Unavailable):
            Registry(f"http://127.0.0.1:{nobody.getsockname()[1]}").mode()


def test_an_address_that_is_not_http_is_a_misconfiguration() -> None:
    with pytest.raises(Misconfigured):
        Registry("file:///etc/hostname")


def test_the_command_applies_then_lists(fake: HttpRegistry, tmp_path: Path) -> None:
    run = CliRunner(env={"BUS_REGISTRY_URL": fake.url, "BUS_DATA_DIR": str(tmp_path)})

    applied = json.loads(run.invoke(schemas, ["apply", "--json"], catch_exceptions=False).stdout)
    listed = json.loads(run.invoke(schemas, ["ls", "--json"], catch_exceptions=False).stdout)

    assert applied["compatibilite"] == listed["compatibilite"] == FULL_TRANSITIVE
    assert [row["schema"] for row in applied["schemas"]] == list(avro_schemas.names())
    assert all(row["registre"] == row["versions"] == [1] and row["responsable"] for row in listed["schemas"])


def test_the_list_shows_what_is_missing_and_what_is_not_ours(fake: HttpRegistry, tmp_path: Path) -> None:
    Registry(fake.url).register("autre.chose", avro_schemas.read("flux.traite"))
    run = CliRunner(env={"BUS_REGISTRY_URL": fake.url, "BUS_DATA_DIR": str(tmp_path)})

    shown = json.loads(run.invoke(schemas, ["ls", "--json"], catch_exceptions=False).stdout)["schemas"]

    assert [row["schema"] for row in shown if row["versions"] == []] == ["autre.chose"]
    assert {tuple(row["registre"]) for row in shown if row["versions"]} == {()}


def test_without_an_address_the_command_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner(env={"BUS_DATA_DIR": str(tmp_path)}).invoke(schemas, ["ls"])

    assert isinstance(result.exception, Misconfigured)
    assert "bus dev up" in str(result.exception)
