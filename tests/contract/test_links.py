"""Every link between the documents of the repository leads somewhere, anchors included."""

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

from tools.reference.markdown import anchor

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.*?)\s*$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
OUTSIDE = ("http://", "https://", "mailto:")


def documents() -> list[Path]:
    """Give every Markdown file that is tracked or about to be."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return [path for name in told.split("\0") if name and (path := ROOT / name).is_file()]


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text("utf-8"))


def anchors(path: Path) -> set[str]:
    """Give the anchors of a document; a heading that comes again gets a number."""
    found: dict[str, int] = {}
    given = set()
    for heading in HEADING.findall(prose(path)):
        name = anchor(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading))
        given.add(f"{name}-{found[name]}" if name in found else name)
        found[name] = found.get(name, 0) + 1
    return given


def broken(path: Path) -> list[str]:
    """Give the links of a document that lead nowhere."""
    wrong = []
    for target in LINK.findall(prose(path)):
        if target.startswith(OUTSIDE):
            continue
        place, _, wanted = unquote(target).partition("#")
        led = path.parent / place if place else path
        if not led.exists() or (wanted and led.suffix == ".md" and wanted not in anchors(led)):
            wrong.append(f"{path}: {target}")
    return wrong


def test_every_link_between_our_documents_leads_somewhere() -> None:
    assert [line for path in documents() for line in broken(path)] == []


@pytest.mark.parametrize("target", ["absent.md", "page.md#absent", "#absent"])
def test_a_link_that_leads_nowhere_is_found(target: str, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# Là\n", encoding="utf-8")
    page = tmp_path / "start.md"
    page.write_text(f"# Ici\n\n[texte]({target}) et [juste](page.md#là)\n", encoding="utf-8")

    assert broken(page) == [f"{page}: {target}"]


def test_a_link_in_a_block_of_code_is_no_link(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Ici\n\n```\n[x](nowhere.md)\n```\n", encoding="utf-8")

    assert broken(page) == []
