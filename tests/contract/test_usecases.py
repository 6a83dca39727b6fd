"""What a command does is a function that takes values and gives values: an API and a page can call the same one."""

import ast
from pathlib import Path

import pytest

from bus.roles import ROLES

GUICHET = Path(__file__).resolve().parents[2] / "guichet"
COMMANDS = sorted(path for path in (GUICHET / "commands").glob("*.py") if path.stem != "__init__")
USECASES = sorted(path for path in (GUICHET / "usecases").glob("*.py") if path.stem != "__init__")
OURS = ("avro_schemas", "bus", "producers", "streams", "consumers", "watch", "synth", "kit", "guichet", "tools")
MAY_KNOW = {"bus.errors", "bus.settings"}
"""Of everything that is not the desk's: what an option becomes, and what a refusal is."""


def imported(path: Path) -> set[str]:
    """Give the modules of ours that a file imports, at its top or inside its functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                found |= {one.name for one in names}
            case ast.ImportFrom(module=str(origin), names=names):
                found |= {f"{origin}.{one.name}" if origin.count(".") == 0 else origin for one in names}
    return {name for name in found if name.split(".")[0] in OURS}


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_a_command_calls_a_use_case_or_a_role_and_nothing_else(path: Path) -> None:
    known = imported(path)
    elsewhere = {name for name in known if not name.startswith("guichet.")} - MAY_KNOW
    served = "guichet.roles" if path.stem in set(ROLES) - {"ingest"} else "guichet.usecases"

    assert elsewhere == set(), "une commande lit et imprime : ce qu’elle fait va dans guichet/usecases"
    assert any(name.startswith(served) for name in known), f"cette commande n’appelle rien de {served}"


@pytest.mark.parametrize("path", USECASES, ids=lambda path: path.stem)
def test_a_use_case_neither_prints_nor_ends_the_process(path: Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    names = {ast.unparse(call) for call in calls}

    assert names & {"print", "input", "sys.exit", "exit", "quit"} == set()
