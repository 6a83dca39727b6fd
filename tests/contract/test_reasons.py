"""Codes that partners and operators read are declared, explained, and no other one can be raised."""

import ast
from functools import cache
from pathlib import Path

import pytest

from bus.measuring import REASONS, Stage
from bus.reasons import Explained, Reason
from consumers.connectors.destination import BUILT
from consumers.connectors.registry import CHANNELS
from consumers.faults import Catalogue, Wrong
from consumers.ledger.fates import Etat, Why
from guichet.exits import Exit
from producers.journal.observation import Code, Motif
from producers.journal.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bus", "producers", "streams", "consumers", "guichet")
WRONG = [type(one) for member in BUILT.values() for one in member.wrong[:1]]
OUTCOMES = [channel.table.outcomes for channel in CHANNELS.values()]
CATALOGUES: tuple[type[Explained], ...] = (Reason, Motif, Code, Verdict, *OUTCOMES, Etat, Why, Wrong, *WRONG)
RAISED = {"InvalidEvent": "Reason", "FluxRejected": "Motif"}
"""Errors that carry a code as first argument, and the catalogue it must come from."""


@cache
def nodes() -> list[tuple[Path, ast.AST]]:
    """Give every node of every module that may name a code or raise an error."""
    kept = (ast.Call, ast.Attribute)
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [
        (path, node)
        for path in paths
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, kept)
    ]


def named(node: ast.expr, catalogue: str) -> bool:
    """Tell whether an expression is a member of the catalogue, or the code of an error that was caught."""
    match node:
        case ast.Attribute(value=ast.Name(id=found)) if found == catalogue:
            return True
        case ast.Attribute(attr="reason" | "motif"):
            return True
    return False


def test_each_code_says_what_it_means_and_what_to_do() -> None:
    silent = {f"{kind.__name__}.{one.name}" for kind in CATALOGUES for one in kind if not (one.meaning and one.action)}

    assert silent == set()
    assert all(one.meaning and one.action for one in Exit)


def test_every_catalogue_of_codes_is_known_here() -> None:
    kinds = [*Explained.__subclasses__(), *Catalogue.__subclasses__()]
    declared = {kind.__name__ for kind in kinds if len(kind) and kind.__module__.split(".")[0] in PACKAGES}

    assert declared == {kind.__name__ for kind in CATALOGUES}


@pytest.mark.parametrize(("error", "catalogue"), RAISED.items())
def test_an_error_with_a_code_takes_it_from_its_catalogue(error: str, catalogue: str) -> None:
    foreign = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, node in nodes()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == error
        and not named(node.args[0], catalogue)
    }

    assert foreign == set()


@pytest.mark.parametrize("catalogue", [Reason, Motif, Code, Why, Wrong, *WRONG])
def test_no_code_is_declared_that_nothing_uses(catalogue: type[Explained]) -> None:
    used = {
        node.attr
        for _, node in nodes()
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == catalogue.__name__
    }

    assert {one.name for one in catalogue} - used == set()


def test_the_codes_are_those_that_partners_have_always_seen() -> None:
    assert {one.value for one in Reason} >= {"schema_inconnu", "avro_illisible", "commune_inconnue", "cle_differente"}
    assert [one.value for one in Motif] == [
        "vide", "encodage", "xml", "interdit", "schema", "compteur", "territoire", "antidate", "taille",
    ]  # fmt: skip
    assert [one.value for one in Etat] == ["en_attente", "livree", "parquee", "retiree"]
    assert [int(one) for one in Exit] == [0, 1, 2, 3, 130]


def test_a_code_reads_as_itself_everywhere() -> None:
    assert f"{Reason.CLE_ABSENTE}" == "cle_absente"
    assert Reason("cle_absente") is Reason.CLE_ABSENTE
    assert Reason.CLE_ABSENTE.encode() == b"cle_absente"


def test_the_reasons_that_metrics_know_are_those_that_can_be_raised() -> None:
    aside: set[str] = set().union(*(known for stage, known in REASONS.items() if stage is not Stage.INGEST))

    assert REASONS[Stage.INGEST] == set(Code)
    assert aside | {Reason.SCELLE_ILLISIBLE} == set(Reason)
