"""What is distributed holds everything that runs, data included, and nothing else at the top level."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"avro_schemas", "bus", "producers", "streams", "consumers", "guichet"}
DATA = {
    "avro_schemas/rsa.droits_devoirs.entree/v1/donnees.avsc",
    "avro_schemas/common/v1.avsc",
    "bus/data/communes.csv",
    "bus/platform/artifacts.txt",
    "bus/migrations/versions/0001_vault.py",
    "bus/py.typed",
}


def test_the_wheel_holds_the_six_packages_their_data_and_the_command(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)

    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (entry,) = [name for name in names if name.endswith("entry_points.txt")]
        commands = archive.read(entry).decode()

    shared = {name.partition(".data/data/")[2] for name in names}
    assert {name.split("/")[0] for name in names if not re.search(r"\.(dist-info|data)/", name)} == PACKAGES
    assert names >= DATA
    assert "share/insertion-bus/deploy/prometheus/bus.rules.yml" in shared
    assert "bus = guichet.cli:main" in commands
