"""A page as a session: its files written, its commands run in one shell, what it shows compared with what they print.

In a fenced block, the words after the language say what the block is:

- ``console``: each ``$ command`` is run and prints, on its standard output, what is shown under it;
- ``sh NAME``: the whole block is run;
- ``python FILE.py`` and the like: the block is that file;
- a language alone: only shown.
"""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "=== fin de la commande, code "


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: ``command`` to run, printing ``shown`` if that is given; or ``file`` to write with a text."""

    command: str
    shown: str | None = None
    file: str | None = None


def steps(text: str) -> Iterator[Step]:
    """Give the steps of a page, in its order."""
    for language, name, block in _FENCE.findall(text):
        if language == "console":
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, shown = part.partition("\n")
                yield Step(command, shown)
        elif language == "sh" and name:
            yield Step(block)
        elif "." in name:
            yield Step(block, file=name)


def matches(shown: str, printed: str) -> bool:
    """Compare, `…` standing for what changes from run to run."""
    pattern = ".*?".join(re.escape(part) for part in shown.strip().split("…"))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def follow(text: str, folder: Path, env: Mapping[str, str]) -> None:
    """Do what a page says in a folder, in one shell, to its end; the first command that fails ends it."""
    with tempfile.TemporaryFile("w+") as errors, _shell(folder, env, errors) as shell:
        for step in steps(text):
            if step.file is not None:
                (folder / step.file).write_text(step.command, encoding="utf-8")
                continue
            printed, code = _run(shell, step.command)
            assert code == 0, f"{step.command}\n{printed}{_told(errors)}"
            if step.shown is not None:
                assert matches(step.shown, printed), f"{step.command}\nshown:\n{step.shown}\nprinted:\n{printed}"


@contextmanager
def _shell(folder: Path, env: Mapping[str, str], errors: IO[str]) -> Iterator[subprocess.Popen[str]]:
    """Start a shell that the first failure ends, and what it leaves in the background with it.

    ``bus dev up`` is a session of its own: stopping it is the caller's.
    """
    shell = subprocess.Popen(
        ["bash", "-e"], cwd=folder, env=env, text=True, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
    )  # fmt: skip
    try:
        yield shell
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.communicate()


def _run(shell: subprocess.Popen[str], command: str) -> tuple[str, int | None]:
    """Run one command; gives what it prints and its code, None when the shell has ended."""
    assert shell.stdin
    assert shell.stdout
    shell.stdin.write(f"{command.rstrip()}\nprintf '\\n{_END}%d\\n' $?\n")
    shell.stdin.flush()
    printed = ""
    for line in shell.stdout:
        if line.startswith(_END):
            return printed, int(line.removeprefix(_END))
        printed += line
    return printed, None


def _told(errors: IO[str]) -> str:
    errors.seek(0)
    return errors.read()[-3000:]
