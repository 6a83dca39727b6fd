"""Pack the data folder of a release, to be run once when it is published.

    PYTHONPATH=tests .venv/bin/python tests/releases/write.py VERSION CHECKOUT

CHECKOUT is a working tree of that release in which `make setup` was run. Its roles get two months of files; the last
day's files are accepted and then everything is killed at once, deliveries owed, events unpublished, offsets behind.
"""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from helpers.release import ABSENT, SERVED, Release, digests, halves, invented, pack, summary
from helpers.subscribers import apply, subscribed
from helpers.system import System, reported
from helpers.wait import eventually

from bus.platform.ports import free_port
from bus.platform.process import Identity
from bus.platform.supervisor import supervisor_file


def main(version: str, checkout: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        world = invented(folder / "monde")
        before, _ = halves(world)
        command = [str(checkout / ".venv" / "bin" / "python"), "-m", "guichet"]
        system = System(folder / "bus", {"PYTHONPATH": str(checkout)}, command)
        system.bus("dev", "up", "--detach")
        with subscribed(system, [SERVED], folder) as receivers:
            apply(system, ABSENT, free_port(), folder)
            for day in before[:-1]:
                reported(system.drop(day))
            lines = receivers[SERVED.name].lines
            early = {file.name for day in before[:-1] for file in day}
            owed = sum(event["fichier"] in early for event in world.truth["evenements"])
            eventually(lambda: len(lines()) >= owed, timeout=120, what=f"{owed} deliveries before the last day")
            reported(system.drop(before[-1]))
            crash(system)
            received = summary(lines(), world.truth)
        release = Release(version, digests(before), received)
        pack(release, system.data)
        shutil.copyfile(checkout / "avro_schemas" / "RELEASED.toml", release.contract)


def crash(system: System) -> None:
    """Kill the supervisor and all it has started at once."""
    supervisor = Identity.read(supervisor_file(system.data))
    assert supervisor is not None
    for pid in (supervisor.pid, *system.pids().values()):
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())
