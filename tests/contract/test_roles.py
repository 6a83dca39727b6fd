"""The table of roles is the only list of roles: every other one, in code or for other programs, says the same."""

import re
from pathlib import Path

import pytest
import yaml

from bus import acl
from bus.role import Role
from bus.roles import KEKS, ROLES
from bus.settings import Settings
from bus.vault import rotation_rules
from bus.vault.provisioning import create_secrets
from consumers.runner import DeliverRole
from guichet import cli
from guichet.roles import command, environment, loaded
from producers.folder.role import IngestRole
from producers.relay import Relay
from streams.role import StreamRole
from watch.role import WatchRole

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = "".join(path.read_text("utf-8") for path in (ROOT / "bus" / "migrations" / "versions").glob("*.py"))
NEVER_A_ROLE = {"bus_guichet", "bus_lecture", "bus_rotate"}
"""Accounts of commands and of readers."""


SHAPED: dict[str, type[Role]] = {
    "ingest": IngestRole,
    "relay": Relay,
    "stream": StreamRole,
    "deliver": DeliverRole,
    "watch": WatchRole,
}
"""For the type checker, which the names of the table escape: each has the shape."""


@pytest.mark.parametrize("name", ROLES)
def test_each_role_has_a_command_a_class_of_the_one_shape_and_settings(name: str) -> None:
    assert cli.COMMANDS[name] == f"guichet.commands.{name}:{name}"
    assert SHAPED.get(name) is loaded(ROLES[name].target), "ajoutez sa classe à SHAPED : elle doit avoir la forme"
    assert issubclass(loaded(ROLES[name].settings), Settings)


def test_the_shape_of_a_role_is_four_words() -> None:
    assert {one for one in vars(Role) if not one.startswith("_")} == {"prepare", "ready", "run", "stop"}


def test_the_accounts_of_the_brokers_are_those_of_the_table_and_the_administrator() -> None:
    assert {row.kafka for row in ROLES.values() if row.kafka} | {acl.ADMIN} == set(acl.ACCOUNTS)


def test_the_accounts_of_the_database_are_those_that_the_migrations_make() -> None:
    made = set(re.findall(r"\bbus_(?:ingest|relay|stream|deliver|watch|guichet|lecture|rotate)\b", MIGRATIONS))

    assert {row.database for row in ROLES.values() if row.database} == made - NEVER_A_ROLE


def test_the_secrets_that_a_deployment_draws_are_those_of_the_table(tmp_path: Path) -> None:
    create_secrets(tmp_path)

    drawn = {
        folder.name: {"kek" if path.name.startswith("kek.") else path.name for path in folder.iterdir()}
        for folder in tmp_path.iterdir()
    }
    declared = {
        name: {"kek" if one == KEKS else one.partition("/")[0] for one in row.secrets}
        for name, row in ROLES.items()
        if row.secrets
    }
    assert drawn == declared
    assert rotation_rules.ROLES == ("bus_ingest", "bus_deliver")


def test_prometheus_finds_every_role_at_the_port_of_the_table() -> None:
    targets = yaml.safe_load((ROOT / "deploy/prometheus/bus.targets.yml").read_text(encoding="utf-8"))
    ports = {one["labels"]["role"]: {target.rpartition(":")[2] for target in one["targets"]} for one in targets}

    assert ports == {name: {str(row.metrics)} for name, row in ROLES.items()}


def test_the_page_of_the_brokers_names_every_account_and_who_has_none() -> None:
    said = (ROOT / "deploy/kafka/README.md").read_text("utf-8")

    for name, row in ROLES.items():
        assert (f"`{row.kafka}`" if row.kafka else f"`bus {name}` n’en a pas") in said


@pytest.mark.parametrize("name", ROLES)
def test_on_a_workstation_a_role_is_told_no_more_than_its_row(name: str, tmp_path: Path) -> None:
    row, told = ROLES[name], environment(name, Settings(data_dir=tmp_path), 9_000)

    assert command(name, tmp_path)[3] == name
    assert told.get("BUS_SECRETS_DIR") == (str(tmp_path / "secrets" / name) if row.secrets else None)
    assert (f"{row.database}@" in told["BUS_DATABASE_URL"]) if row.database else ("BUS_DATABASE_URL" not in told)
    assert (told["BUS_DATA_DIR"] == str(tmp_path)) == (row.database is not None)


def test_the_page_of_the_roles_names_every_account_and_every_secret() -> None:
    lines = (ROOT / "docs/reference/roles.md").read_text("utf-8").splitlines()

    for name, row in ROLES.items():
        told = next(line for line in lines if line.startswith(f"| `bus {name}` |"))
        assert all(f"`{one}`" in told for one in (*row.secrets, row.database, row.kafka, row.metrics) if one)
