"""The how-to pages as programs: what a reader copies is what the tests run."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to"
_BLOCK = re.compile(r"^```(?:\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> dict[str, str]:
    """Give the named code blocks of a page: the second word after the fence is the name."""
    found: dict[str, str] = dict(_BLOCK.findall((HOW_TO / page).read_text(encoding="utf-8")))
    return found


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """Give an environment in which `bus` and `python3` are this checkout's."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **env}


def run(page: str, name: str, *, folder: Path, env: Mapping[str, str]) -> str:
    """Run one shell block of a page in a folder; gives what it writes."""
    done = subprocess.run(
        ["sh", "-euc", blocks(page)[name]],
        cwd=folder,
        env=environment(env),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{page}, {name}: {done.returncode}\n{done.stderr[-3000:]}"
    return done.stdout
