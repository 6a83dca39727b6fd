"""The verdict from the counts of a flux, and the order of its reasons."""

from collections import Counter
from datetime import date, datetime

import pytest

from producers.caisse.header import VrsbHeader
from producers.caisse.stager import GAP, NO_REFERENCE
from producers.contact.stager import CHILDREN
from producers.contact.telling import OLDER
from producers.journal.flux import Tally
from producers.journal.observation import FluxRejected, Motif
from producers.journal.verdict import Report, Verdict, detail, genre, judge
from producers.registry import SOURCES

MONTHLY = VrsbHeader(
    "CRI",
    "D",
    "M",
    date(2026, 2, 28),
    date(2026, 3, 5),
    "01:18:36.0000",
    datetime(2026, 3, 5, 1, 18, 36),  # noqa: DTZ001 - files carry no zone
)


@pytest.mark.parametrize(
    ("tally", "motif"),
    [
        (Tally(read=10, valid=10), None),
        (Tally(read=10, valid=8, bad=2), None),
        (Tally(read=10, valid=7, bad=3), Motif.SCHEMA),
        (Tally(read=1, bad=1), Motif.SCHEMA),
        (Tally(read=3, out_of_scope=3), Motif.TERRITOIRE),
        (Tally(read=3, valid=1, out_of_scope=2), None),
        (Tally(read=3, valid=3, stale=3), Motif.ANTIDATE),
        (Tally(read=3, valid=3, stale=2), None),
        (Tally(read=10, valid=1, bad=1, out_of_scope=8), Motif.SCHEMA),
        (Tally(read=2, valid=2, stale=1, anomalies=1), Motif.ANTIDATE),
        (Tally(read=2, valid=2, anomalies=2), None),
        (Tally(), Motif.SCHEMA),
    ],
)
def test_what_a_monthly_deserves(tally: Tally, motif: Motif | None) -> None:
    if motif is None:
        judge(tally, SOURCES["cnaf"].kind_of(MONTHLY.said))
        return
    with pytest.raises(FluxRejected) as refused:
        judge(tally, SOURCES["cnaf"].kind_of(MONTHLY.said))
    assert refused.value.motif is motif


def test_a_daily_and_a_contact_file_may_be_empty() -> None:
    daily = VrsbHeader("CRI", "D", "I", date(2026, 3, 5), date(2026, 3, 5), "01:00:00", datetime(2026, 3, 5, 1))  # noqa: DTZ001 - as above

    judge(Tally(), SOURCES["cnaf"].kind_of(daily.said))
    judge(Tally(), SOURCES["contact"].kind_of({}))


def test_the_report_has_the_keys_of_the_example_in_order() -> None:
    report = Report("f.xml", "sha256:0", "cnaf", "52", genre(MONTHLY), Verdict.ACCEPTE, None, None, 1, 1, 0, {"a": 1})

    assert list(report.as_json()) == [
        "fichier", "flux", "source", "autorite", "genre", "verdict", "motif", "detail", "lus", "valides", "rejets",
        "evenements",
    ]  # fmt: skip
    assert report.as_json()["genre"] == {
        "natflux": "D",
        "typeflux": "M",
        "dtref": "2026-02-28",
        "dtcreaflux": "2026-03-05",
        "heucreaflux": "01:18:36.0000",
    }


def test_the_detail_says_what_was_particular() -> None:
    assert detail(Tally(read=1, valid=1)) is None
    assert detail(Tally(notes=Counter({NO_REFERENCE: 1}), erased=2)) == (
        "aucune référence mensuelle : états publiés, aucune entrée calculée ; 2 personne(s) effacée(s) écartée(s)"
    )


def test_the_notes_of_a_source_stand_at_their_place_among_those_of_the_journal() -> None:
    notes = Counter({CHILDREN: 3, OLDER: 2, GAP: 1, NO_REFERENCE: 0})

    assert detail(Tally(stale=4, waiting=5, unknown_elements=6, notes=notes)) == (
        "plus de 45 jours depuis la référence : aucune absence déduite"
        " ; 4 enregistrement(s) plus anciens que le déjà connu"
        " ; 5 ligne(s) en attente de leur personne"
        " ; 2 ligne(s) plus ancienne(s) que le déjà connu"
        " ; 3 ligne(s) d’enfant laissée(s) de côté"
        " ; 6 élément(s) inconnu(s) laissé(s) de côté"
    )
