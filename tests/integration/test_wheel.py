"""What is distributed holds everything that runs, data included, and nothing else at the top level."""

import ast
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from helpers.product import ROOT, WHEEL

DATA = {
    "avro_schemas/rsa.droits_devoirs.entree/v1/donnees.avsc",
    "avro_schemas/common/v1.avsc",
    "bus/data/communes.csv",
    "bus/platform/artifacts.txt",
    "bus/migrations/versions/0001_vault.py",
    "bus/py.typed",
}
ARGUMENTS = (
    ["--help"],
    ["topics", "ls", "--json"],
    ["synth", "--authority", "52", "--households", "5", "--months", "1", "--out", "monde"],
)
NEVER = {"tools", "bench", "tests", "docs"}
RUNS = """
import importlib.metadata, pathlib, sys
from guichet import cli
home = pathlib.Path(cli.__file__).parents[1]
assert str(home) == sys.argv.pop(1), home
sys.argv[0] = "bus"
cli.main()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("roue")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_holds_the_packages_their_data_and_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (entry,) = [name for name in names if name.endswith("entry_points.txt")]
        commands = archive.read(entry).decode()

    shared = {name.partition(".data/data/")[2] for name in names}
    packages = {name.split("/")[0] for name in names if not re.search(r"\.(dist-info|data)/", name)}
    assert packages == WHEEL
    assert packages >= {"watch", "synth", "kit"}
    assert packages & NEVER == set()
    assert names >= DATA
    assert "share/insertion-bus/deploy/prometheus/bus.rules.yml" in shared
    assert "bus = guichet.cli:main" in commands


def test_nothing_in_the_wheel_imports_what_it_does_not_hold(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        trees = {name: ast.parse(archive.read(name)) for name in archive.namelist() if name.endswith(".py")}

    found = {(name, module) for name, tree in trees.items() for module in _imported(tree) if module in NEVER}
    assert found == set()


def test_bus_works_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(home)
    env = {**os.environ, "PYTHONPATH": str(home), "PYTHONSAFEPATH": "1"}

    for arguments in ARGUMENTS:
        command = [sys.executable, "-c", RUNS, str(home), *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        assert done.stdout


def _imported(tree: ast.Module) -> set[str]:
    nodes = list(ast.walk(tree))
    plain = {one.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for one in node.names}
    return plain | {str(node.module).split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
