"""The runbooks, cut into what can be checked: headings, shell lines, PromQL lines."""

import re
from pathlib import Path

from tools.dashboards.rules import DEPLOY

HEADINGS = [
    "Ce que dit l’alerte",
    "Qui est touché",
    "Causes probables",
    "Vérifier",
    "Agir",
    "Quand s’arrêter, quand appeler",
]
FOLDER = DEPLOY / "runbooks"


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.md"))


def sections(file: Path) -> dict[str, str]:
    """Give the text under each heading, in order."""
    parts = re.split(r"^## (.+)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], (text.strip() for text in parts[1::2]), strict=True))


def lines(language: str) -> list[tuple[str, str]]:
    """Give each line of each block of a language with the name of its runbook."""
    return [
        (file.name, line)
        for file in files()
        for block in re.findall(rf"```{language}\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL)
        for line in block.splitlines()
        if line.strip()
    ]
