import asyncio
import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from consumers.connectors.webhook.connector import WebhookSender
from consumers.connectors.webhook.destination import Webhook
from consumers.dispatch.lanes import Lane
from consumers.dispatch.roster import Roster
from consumers.ledger.records import LaneState, Wake
from consumers.settings import DeliverSettings
from consumers.subscriptions.profiles import Profile
from consumers.subscriptions.subscription import Subscription

ONE = Subscription(
    id="a",
    organisation="o",
    version=1,
    types=("rsa.*",),
    territory=frozenset({"52"}),
    profile=Profile.CD,
    fields=frozenset(),
    begins_at=datetime(2026, 1, 1, tzinfo=UTC),
    ends_at=datetime(2099, 1, 1, tzinfo=UTC),
    poison="bloquer",
    destination=Webhook(url="https://si.example/bus", secret_fichier="a.secret"),  # noqa: S106 - a name
)
OTHER = Webhook(url="https://autre.example/", secret_fichier="a.secret")  # noqa: S106 - a name
NOBODY: frozenset[str] = frozenset()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "abonnements").mkdir()
    (tmp_path / "abonnements" / "a.secret").write_text("whsec_" + base64.b64encode(b"k" * 32).decode())
    return tmp_path


@pytest.fixture
def roster(folder: Path) -> Iterator[Roster]:
    settings, loop = DeliverSettings(secrets_dir=folder), asyncio.new_event_loop()

    async def opened() -> WebhookSender:
        return WebhookSender(settings)

    webhook = loop.run_until_complete(opened())
    yield Roster(settings, {"webhook": webhook})
    webhook.close()
    loop.close()


def held(lane: str, *, until: float | None = None, blocked: bool = False, name: str = "a") -> LaneState:
    moment = None if until is None else datetime.fromtimestamp(until, UTC)
    return LaneState(name, lane, 1, moment, blocked, ())


def test_an_endpoint_follows_its_subscription(roster: Roster) -> None:
    assert roster.strangers({"a": ONE})
    roster.follow({"a": ONE}, NOBODY, [])
    assert not roster.strangers({"a": ONE})
    assert not roster.endpoints["a"].paused

    roster.follow({}, NOBODY, [])

    assert roster.endpoints == {}
    assert roster.turn() == []


def test_a_new_version_is_another_receiver_with_a_fresh_gate_and_the_same_lanes(roster: Roster) -> None:
    roster.follow({"a": ONE}, NOBODY, [])
    endpoint, gate = roster.endpoints["a"], roster.endpoints["a"].gate

    roster.follow({"a": replace(ONE, version=2, destination=OTHER)}, NOBODY, [])

    assert roster.endpoints["a"] is endpoint
    assert endpoint.gate is not gate
    assert endpoint.subscription.destination == OTHER


def test_after_a_410_nothing_leaves(roster: Roster) -> None:
    roster.follow({"a": ONE}, frozenset({"a"}), [])

    assert roster.endpoints["a"].paused


def test_without_its_secret_it_waits_says_so_once_and_starts_when_the_file_is_there(
    roster: Roster, folder: Path
) -> None:
    secret = folder / "abonnements" / "a.secret"
    text = secret.read_text()
    secret.unlink()

    with capture_logs() as logs:
        for _ in range(3):
            roster.follow({"a": ONE}, NOBODY, [])
    waited = roster.endpoints["a"].paused
    secret.write_text(text)
    roster.follow({"a": ONE}, NOBODY, [])

    assert waited
    assert [line["event"] for line in logs] == ["subscription secret not readable"]
    assert not roster.endpoints["a"].paused


def test_a_changed_secret_file_counts_within_the_next_look_and_each_live_secret_signs(
    roster: Roster, folder: Path
) -> None:
    old, new = b"k" * 32, b"n" * 32
    file = folder / "abonnements" / "a.secret"
    roster.follow({"a": ONE}, NOBODY, [])
    before = roster.endpoints["a"].secrets

    file.write_text("".join(f"whsec_{base64.b64encode(key).decode()}\n" for key in (new, old)))
    roster.follow({"a": ONE}, NOBODY, [])
    during = roster.endpoints["a"].secrets
    file.write_text(f"whsec_{base64.b64encode(new).decode()}\n")
    roster.follow({"a": ONE}, NOBODY, [])

    assert before == (old,)
    assert during == (new, old)
    assert roster.endpoints["a"].secrets == (new,)


def test_a_file_with_one_bad_line_sends_nothing_rather_than_half(roster: Roster, folder: Path) -> None:
    file = folder / "abonnements" / "a.secret"
    file.write_text(file.read_text() + "\nwhsec_é\n")

    roster.follow({"a": ONE}, NOBODY, [])

    assert roster.endpoints["a"].paused


def test_a_released_lane_wakes_unless_its_head_is_on_its_way(roster: Roster) -> None:
    roster.follow({"a": ONE}, NOBODY, [held("x", blocked=True)])
    endpoint = roster.endpoints["a"]
    endpoint.lanes["y"] = Lane("y", 0, [], busy=True)

    roster.reopen([("a", "x"), ("a", "y"), ("gone", "z")])
    first = roster.due(1.0)
    endpoint.lanes["y"].busy = False
    second = roster.due(1.0)

    assert first == [Wake("a", "x", 0)]
    assert second == [Wake("a", "y", 0)]
    assert roster.due(1.0) == []


def test_lanes_that_slept_at_start_wake_in_time_and_blocked_ones_do_not(roster: Roster) -> None:
    lanes = [held("x", until=100), held("y", until=200), held("z", blocked=True), held("w", until=1, name="gone")]
    roster.follow({"a": ONE}, NOBODY, lanes)
    roster.endpoints["a"].cursor = 7

    assert roster.endpoints["a"].held == {"x", "y", "z"}
    assert roster.due(99) == []
    assert roster.due(100) == [Wake("a", "x", 7)]
    assert roster.due(1e9) == [Wake("a", "y", 7)]
    assert roster.due(1e9) == []


def test_lanes_of_an_endpoint_already_known_are_not_held_again(roster: Roster) -> None:
    roster.follow({"a": ONE}, NOBODY, [])

    roster.follow({"a": ONE}, NOBODY, [held("x", until=100)])

    assert roster.endpoints["a"].held == set()


def test_nobody_is_always_first(roster: Roster) -> None:
    roster.follow({name: replace(ONE, id=name) for name in "abc"}, NOBODY, [])

    firsts = [roster.turn()[0].subscription.id for _ in range(3)]

    assert sorted(firsts) == ["a", "b", "c"]
