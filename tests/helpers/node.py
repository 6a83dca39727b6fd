"""The Node packages that the pages name, installed once from the lock."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from helpers.tools import absent, need

SOURCE = Path(__file__).resolve().parents[1] / "clients" / "node"
FILES = ("package.json", "package-lock.json", ".npmrc")


def modules(cache: Path) -> Path:
    """Give a `node_modules` folder that holds exactly what the lock says; scripts of packages are never run.

    It is kept in the cache under the digest of what it is made from. Without npm or network: as ``tools.absent``.
    """
    digest = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in FILES)).hexdigest()[:16]
    folder = cache / f"node-{digest}"
    if not folder.exists():
        _install(cache, folder)
    return folder / "node_modules"


def _install(cache: Path, folder: Path) -> None:
    npm = need("npm")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        for name in FILES:
            shutil.copyfile(SOURCE / name, made / name)
        done = subprocess.run([npm, "ci", "--ignore-scripts"], cwd=made, capture_output=True, check=False, timeout=300)
        if done.returncode != 0:
            absent("npm ci has failed: no network, or a package that differs from the lock")
        if not folder.exists():  # another session may have been quicker
            made.rename(folder)
