"""The README is executed: its steps run in a fresh folder, and what it shows is what they print."""

import os
import re
import sys
from pathlib import Path

from helpers import console

from guichet.demo.page import page
from guichet.demo.story import Numbers

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found, f"the README has no {language} block"
    return found[1]


def test_the_steps_print_what_the_readme_shows(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("BUS_")}

    console.follow(README, tmp_path, env | {"PATH": f"{Path(sys.executable).parent}:{env['PATH']}"})


def test_the_page_shown_is_the_page_that_the_demonstration_prints() -> None:
    found = Numbers(490, 20, 11, (1, 2, 3, 3, 7, 9), 964, {"commune_inconnue": 1}, {}, 1)

    printed = page(found, "2026-02", (0.9, 1.8), [])

    assert block("text").strip() == printed.strip()


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert set(re.findall(r"make ([a-z]+)", README)) <= targets
    assert len(targets) <= 12
