"""What a rotation does next, from what the vault holds alone."""

from datetime import UTC, datetime, timedelta

from bus.vault import rotation_rules as rules
from bus.vault.epochs import Epoch, Epochs, Holder, Retired
from bus.vault.rotation_rules import Lacking, Phase

THEN = datetime(2026, 3, 1, tzinfo=UTC)
BOTH = frozenset(rules.ROLES)
OLD, NEW = Epoch(1, b"one", THEN, THEN), Epoch(2, b"two", THEN, THEN)
WAITING = Epoch(2, b"two", THEN, None)


def known(*alive: Epoch, retired: tuple[Retired, ...] = (), holders: tuple[Holder, ...] = ()) -> Epochs:
    return Epochs(alive, retired, holders)


def gone(epoch: int, destroyed: datetime | None = THEN) -> Retired:
    return Retired(epoch, b"one", THEN, THEN, destroyed)


def holder(role: str, held: dict[int, bytes], silence: float = 1.0, place: str = "hote:secrets") -> Holder:
    return Holder(role, place, held, silence)


def test_where_a_rotation_is_follows_from_the_epochs() -> None:
    assert rules.phase(known(OLD)) is Phase.IDLE
    assert rules.phase(known(OLD, WAITING)) is Phase.HANDING_OUT
    assert rules.phase(known(OLD, NEW)) is Phase.REWRAPPING
    assert rules.phase(known(NEW, retired=(gone(1, None),))) is Phase.DESTROYING
    assert rules.phase(known(NEW, retired=(gone(1),))) is Phase.IDLE
    assert rules.phase(known()) is Phase.IDLE


def test_a_number_never_comes_back() -> None:
    assert rules.next_epoch(known(OLD)) == 2
    assert rules.next_epoch(known(OLD, retired=(gone(7),))) == 8
    assert rules.next_epoch(known()) == 1


def test_an_epoch_that_is_being_handed_out_wraps_nothing_yet() -> None:
    assert rules.in_force(known(OLD, WAITING)) == OLD
    assert rules.in_force(known(OLD, NEW)) == NEW
    assert rules.age(known(OLD, WAITING), THEN + timedelta(days=31)) == timedelta(days=31)
    assert rules.in_force(known()) is None


def test_a_running_role_is_waited_for_wherever_its_folder_is() -> None:
    late = holder("bus_deliver", {1: b"one"})

    assert rules.lacking(known(OLD, WAITING, holders=(late,)), WAITING, BOTH) == [Lacking("bus_deliver", late.place)]


def test_the_right_number_with_another_key_is_no_proof() -> None:
    wrong = holder("bus_deliver", {1: b"one", 2: b"other"})

    assert rules.lacking(known(OLD, WAITING, holders=(wrong,)), WAITING, BOTH) == [Lacking("bus_deliver", wrong.place)]


def test_one_of_two_places_is_not_enough() -> None:
    holders = holder("bus_deliver", {2: b"two"}), holder("bus_deliver", {1: b"one"}, place="autre:secrets")

    assert rules.lacking(known(OLD, WAITING, holders=holders), WAITING, BOTH) == [
        Lacking("bus_deliver", "autre:secrets")
    ]


def test_a_role_that_died_holds_nobody_up_where_its_folder_is_reached() -> None:
    dead = holder("bus_deliver", {1: b"one"}, silence=rules.ALIVE + 1)

    assert rules.lacking(known(OLD, WAITING, holders=(dead,)), WAITING, BOTH) == []
    assert rules.lacking(known(OLD, WAITING, holders=(dead,)), WAITING, {"bus_ingest"}) == [
        Lacking("bus_deliver", None)
    ]


def test_a_proof_stays_when_its_role_stops() -> None:
    stopped = holder("bus_deliver", {2: b"two"}, silence=3600)

    assert rules.lacking(known(OLD, WAITING, holders=(stopped,)), WAITING, {"bus_ingest"}) == []


def test_a_retired_key_counts_as_held_where_it_was_the_same_key_until_its_place_says_otherwise() -> None:
    same, other = holder("bus_deliver", {1: b"one"}), holder("bus_ingest", {1: b"another deployment"})
    silent = holder("bus_ingest", {1: b"one"}, silence=rules.ALIVE + 1)
    found = known(NEW, retired=(gone(1, None),), holders=(same, other, silent))

    assert rules.still_holding(found) == [same, silent]
    assert "ingest (hote:secrets, muet" in rules.kept([same, silent])
    assert "deliver (hote:secrets)" in rules.kept([same, silent])


def test_a_role_that_stopped_holds_no_switch_up_but_has_not_confirmed_a_destruction() -> None:
    stopped = Holder("bus_deliver", "hote:secrets", {1: b"one"}, 1.0, left=True)

    assert rules.lacking(known(OLD, WAITING, holders=(stopped,)), WAITING, BOTH) == []
    assert rules.still_holding(known(NEW, retired=(gone(1, None),), holders=(stopped,))) == [stopped]


def test_who_is_waited_for_is_said_in_french_with_the_place() -> None:
    text = rules.told([Lacking("bus_deliver", "hote:secrets"), Lacking("bus_ingest", None)], 2)

    assert "époque 2" in text
    assert "deliver (hote:secrets)" in text
    assert "ingest (aucun processus vu" in text
