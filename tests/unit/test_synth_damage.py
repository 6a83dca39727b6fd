"""Damaged files: each has the defect that its verdict says, and a good copy the same day."""

import atexit
import json
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from lxml import etree

from synth.config import Config
from synth.generate import generate

MOTIVES = ("xml", "compteur", "encodage", "vide")


WORLD: Final = TemporaryDirectory(prefix="synth-test-")
atexit.register(WORLD.cleanup)  # one world for all the tests of this file


@cache
def damaged() -> tuple[Path, dict[str, Any]]:
    folder = Path(WORLD.name)
    generate(Config(("52",), seed=2, households=150, months=4, dailies=10, anomalies=0.6), folder, lambda _: None)
    return folder, json.loads((folder / "verite.json").read_bytes())


def refused(motive: str) -> list[dict[str, Any]]:
    return [file for file in damaged()[1]["fichiers"] if file["motif"] == motive]


def counts(path: Path) -> tuple[int, int, int]:
    root = etree.parse(path).getroot()
    return (
        len(root.findall("InfosFoyerRSA")),
        int(root.findtext("TransmissionFlux/NBTOTDOSRSATRANSM") or "-1"),
        int(root.findtext("TransmissionFlux/NBTOTDOSRSATRANSMANO") or "-1"),
    )


@pytest.mark.parametrize("motive", MOTIVES)
def test_a_refused_file_is_followed_by_a_good_copy_the_same_day(motive: str) -> None:
    files = {file["nom"]: file for file in damaged()[1]["fichiers"]}

    assert refused(motive)
    for bad in refused(motive):
        good = files[bad["repare_par"]]
        assert good["verdict"] == "accepte"
        assert good["jour"] == bad["jour"]
        assert bad["verdict"] == "rejete"


def test_a_truncated_file_is_not_xml_but_its_characters_are_whole() -> None:
    folder, _ = damaged()
    for bad in refused("xml"):
        content = (folder / bad["nom"]).read_bytes()
        assert b"<Personne>" in content
        with pytest.raises(etree.XMLSyntaxError):
            etree.fromstring(content)


def test_a_miscounted_file_says_one_record_more_than_it_holds() -> None:
    for bad in refused("compteur"):
        read, said, _ = counts(damaged()[0] / bad["nom"])
        assert said == read + 1


def test_a_misdeclared_file_is_not_the_utf_8_it_says() -> None:
    for bad in refused("encodage"):
        content = (damaged()[0] / bad["nom"]).read_bytes()
        assert b'encoding="UTF-8"' in content
        with pytest.raises(UnicodeDecodeError):
            content.decode()


def test_there_is_one_empty_file_at_most() -> None:
    assert [(damaged()[0] / bad["nom"]).stat().st_size for bad in refused("vide")] == [0]


def test_a_duplicate_has_the_bytes_of_its_original() -> None:
    folder, truth = damaged()
    copies = [file for file in truth["fichiers"] if file["verdict"] == "doublon"]

    assert {file["genre"] for file in copies} >= {"contact", "quotidien"}
    for copy in copies:
        assert (folder / copy["nom"]).read_bytes() == (folder / copy["copie_de"]).read_bytes()


def test_trailers_of_accepted_files_are_right_and_bad_records_are_rare_enough() -> None:
    folder, truth = damaged()
    kinds: Counter[str] = Counter()
    for file in truth["fichiers"]:
        if file["verdict"] == "accepte" and file["genre"] != "contact":
            read, said, marked = counts(folder / file["nom"])
            assert read == said == file["lus"]
            assert marked == ("enregistrement_en_anomalie" in file["anomalies"])
            assert file["rejets"] * 5 < max(1, file["lus"])
            kinds.update(file["anomalies"])

    assert set(kinds) == {"enregistrement_illisible", "enregistrement_en_anomalie"}


def test_the_people_of_extra_records_are_nobody() -> None:
    """A bad record, or one that its emitter marks, names a dossier of which nothing is true."""
    folder, truth = damaged()
    known = {dossier["numdemrsa"] for person in truth["personnes"] for dossier in person["dossiers"]}
    strangers = set()
    for file in truth["fichiers"]:
        if file["anomalies"] and file["verdict"] == "accepte" and file["genre"] != "contact":
            claims = [element.text for element in etree.parse(folder / file["nom"]).iter("NUMDEMRSA")]
            strangers |= {claim for claim in claims if claim not in known}

    assert strangers


def test_no_anomaly_is_written_when_none_is_asked_for(tmp_path: Path) -> None:
    generate(Config(("69M",), households=60, months=2, anomalies=0), tmp_path, lambda _: None)
    truth = json.loads((tmp_path / "verite.json").read_bytes())

    assert {file["verdict"] for file in truth["fichiers"]} == {"accepte"}
    assert not any(file["anomalies"] for file in truth["fichiers"])
    assert truth["quarantaines"] == []
    assert all(month["contacts_en_attente"] == month["contacts_sans_autorite"] == 0 for month in truth["resume"])
