from typing import Any

from guichet.demo.page import page
from guichet.demo.story import Numbers, differences, from_truth, from_webhook, numbers, true_numbers


def webhook(subject: str, type_: str, effect: str, *, phone: bool = False) -> dict[str, Any]:
    contact = {"telephones": [{"numero": "+33639980001"}] if phone else [], "courriels": []}
    return {"subject": subject, "type": type_, "data": {"date_effet": effect, "autorite": "52", "contact": contact}}


def test_an_entrant_whose_contact_comes_later_has_waited() -> None:
    told = [
        webhook("a", "rsa.droits_devoirs.entree", "2026-03-02", phone=True),
        webhook("b", "rsa.droits_devoirs.entree", "2026-03-02"),
        webhook("b", "contact.mis_a_jour", "2026-03-09", phone=True),
        webhook("c", "rsa.droits_devoirs.entree", "2026-03-03"),
        webhook("d", "rsa.droits_devoirs.entree", "2026-02-03", phone=True),
    ]

    found = numbers([from_webhook(body) for body in told], "2026-03", people=4)

    assert (found.entered, found.callable_now, found.waits) == (3, 2, (7,))


def test_both_sides_count_alike() -> None:
    events = [
        {"personne": "P1", "type": "rsa.droits_devoirs.entree", "date_effet": "2026-03-02", "autorite": "52"},
        {"personne": "P1", "type": "contact.mis_a_jour", "date_effet": "2026-03-09", "autorite": "52"},
    ]
    truth = {"evenements": events, "quarantaines": [], "fichiers": []}
    told = [
        webhook("a", "rsa.droits_devoirs.entree", "2026-03-02"),
        webhook("a", "contact.mis_a_jour", "2026-03-09", phone=True),
    ]

    measured = numbers([from_webhook(body) for body in told], "2026-03", people=1)

    assert differences(measured, true_numbers(truth, "2026-03")) == []
    assert from_truth(events[1]).has_contact


def test_a_number_that_is_not_the_truth_is_named() -> None:
    lines = differences(Numbers(10, 3, 2), Numbers(10, 4, 2))

    assert lines == ["entered : mesuré 3, vérité 4"]
    assert "NE SONT PAS" in page(Numbers(10, 3, 2), "2026-03", (0.1, 0.9), lines)


def test_the_page_says_what_was_put_aside_and_why() -> None:
    found = Numbers(10, 3, 2, (7, 9), 40, {"commune_inconnue": 2}, {"compteur": 1}, 1)

    text = page(found, "2026-03", (0.4, 1.2), [])

    assert "mars 2026" in text
    assert "2  événement(s) : commune inconnue" in text
    assert "1  fichier(s) refusé(s) : le nombre de dossiers annoncé" in text
    assert "8 jours en médiane, 9 au plus" in text
    assert "exactement ceux" in text
