"""O1: what subscribers receive is the truth of the invented lives, and nothing else."""

import hashlib
from collections import defaultdict

import pytest
from helpers.oracle import check_order, copies, leaves
from helpers.run import SUBSCRIBERS, WITHOUT_IDENTITY, Run
from helpers.subscribers import Subscriber


def test_every_file_ends_in_the_verdict_of_the_truth(oracle: Run) -> None:
    found = {report["fichier"]: report["verdict"] for report in oracle.reports}
    expected, got = defaultdict(list), defaultdict(list)
    for file in oracle.world.truth["fichiers"]:
        octets = hashlib.sha256((oracle.world.folder / file["nom"]).read_bytes()).digest()
        expected[octets].append(file["verdict"])
        got[octets].append(found[file["nom"]])

    # Of two files with the same bytes on one day, whichever came second is the duplicate.
    assert {k: sorted(v) for k, v in got.items()} == {k: sorted(v) for k, v in expected.items()}
    assert {verdict for name, verdict in found.items() if name.startswith("bis.")} <= {"doublon"}


@pytest.mark.parametrize("subscriber", SUBSCRIBERS, ids=lambda s: s.name)
def test_a_subscriber_receives_the_truth_and_nothing_else(oracle: Run, subscriber: Subscriber) -> None:
    oracle.check(subscriber)


@pytest.mark.parametrize("subscriber", SUBSCRIBERS, ids=lambda s: s.name)
def test_each_person_is_told_in_order_without_gap_nor_copy(oracle: Run, subscriber: Subscriber) -> None:
    check_order(oracle.bodies(subscriber))

    assert copies(oracle.receivers[subscriber.name].lines()) == 0


def test_nobody_receives_a_field_outside_the_subscription(oracle: Run) -> None:
    subscriber = next(s for s in SUBSCRIBERS if s.fields == WITHOUT_IDENTITY)

    seen = {path for body in oracle.bodies(subscriber) for path in leaves(body["data"])}

    allowed = ("date_effet", "autorite", "commune_insee", "portee", "donnees.", "situation", "echeances")
    assert seen
    assert not {path for path in seen if not path.startswith(allowed)}


def test_two_organisations_cannot_join_their_pseudonyms(oracle: Run) -> None:
    subjects = {s.name: {body["subject"] for body in oracle.bodies(s)} for s in SUBSCRIBERS}

    assert subjects["cd-52"]
    assert not subjects["cd-52"] & subjects["entrees"]
