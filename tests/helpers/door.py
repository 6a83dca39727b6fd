"""A how-to page followed to the letter on a copy of the tree: what it says to write is written, to run is run.

A page carries its files and commands in fenced blocks whose info string, after the language, holds words:

- ``file=PATH``: the whole text of a new file;
- ``file=PATH after="LINE"``: the block goes into an existing file, below the first line that begins so;
- ``run``: each line is a command that must succeed, in the copy;
- anything else is only shown.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
WRITTEN: Final = ("docs/reference/", "deploy/grafana/")
"""What `make generate` writes: no file of these is touched by hand."""
_FENCE: Final = re.compile(r"^```(?P<info>[^\n`]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """One block: a file to write (``after``: where in an existing one), or a command to run (``path`` empty)."""

    path: str
    text: str
    after: str | None = None


def steps(page: Path) -> list[Step]:
    """Give the steps of a page, in its order."""
    return list(_steps(page.read_text("utf-8")))


def touched(page: Path) -> list[str]:
    """Give the files that a page has its reader write or change, each once."""
    return list(dict.fromkeys(step.path for step in steps(page) if step.path))


def copy_of_tree(target: Path) -> Path:
    """Give a copy of every file of the project that git knows or would know; the copy is no repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout.decode()  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def follow(page: Path, tree: Path, *, without: str | None = None) -> None:
    """Do what a page says, in a copy of the tree; ``without`` forgets one of its files, and then runs nothing."""
    for step in steps(page):
        if step.path and step.path != without:
            _write(tree / step.path, step)
        elif not step.path and without is None:
            for line in step.text.splitlines():
                done = run(line, tree)
                assert done.returncode == 0, f"« {line} »\n{done.stdout}{done.stderr}"
    if without is None:
        more = changed(tree) - set(touched(page))
        assert not more, f"the page has its reader change files that it does not give: {sorted(more)[:9]}"


def changed(tree: Path) -> set[str]:
    """Give the files of a copy that differ from ours or that we have not, but those that commands write.

    A folder that we have not at all is data of a command.
    """
    ours = [tree / path.name for path in ROOT.iterdir()]
    files = {str(path.relative_to(tree)) for top in ours for path in (top, *top.rglob("*")) if path.is_file()}
    return {
        name
        for name in files
        if not name.startswith(WRITTEN)
        and not any(part.startswith(".") or part == "__pycache__" for part in Path(name).parts)
        and not ((ROOT / name).is_file() and (ROOT / name).read_bytes() == (tree / name).read_bytes())
    }


def run(line: str, tree: Path) -> subprocess.CompletedProcess[str]:
    """Run one command of a page as its reader would, with the modules of the copy; ``bus`` is the copy's."""
    words = shlex.split(line)
    python = [sys.executable]
    if words[0] == "bus":
        words = [*python, "-m", "guichet", *words[1:]]
    elif words[0] in ("python", "pytest"):
        words = [*python, *(words[1:] if words[0] == "python" else ["-m", "pytest", *words[1:]])]
    elif (Path(sys.executable).parent / words[0]).exists():
        words[0] = str(Path(sys.executable).parent / words[0])
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(words, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def _steps(text: str) -> Iterator[Step]:
    for found in _FENCE.finditer(text):
        _, *words = shlex.split(found["info"])
        named = dict(word.partition("=")[::2] for word in words)
        if "file" in named:
            yield Step(named["file"], found["text"], named.get("after"))
        elif "run" in named:
            yield Step("", found["text"])


def _write(path: Path, step: Step) -> None:
    if step.after is None:
        assert not path.exists(), f"{step.path} exists: the page must say where its text goes"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, encoding="utf-8")
        return
    lines = path.read_text("utf-8").splitlines(keepends=True)
    place = next((at for at, line in enumerate(lines) if line.startswith(step.after)), None)
    assert place is not None, f"{step.path} has no line that begins with « {step.after} »"
    lines.insert(place + 1, step.text)
    path.write_text("".join(lines), encoding="utf-8")
