"""The README is executed: its steps run in a fresh folder, and what it shows is what they print."""

import os
import re
import subprocess
import sys
from pathlib import Path

from guichet.demo.page import page
from guichet.demo.story import Numbers

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found, f"the README has no {language} block"
    return found[1]


def steps() -> list[tuple[str, str]]:
    """Give each command of the step-by-step block with the output shown under it."""
    parts = re.split(r"^\$ ", block("console"), flags=re.MULTILINE)[1:]
    return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]


def matches(shown: str, printed: str) -> bool:
    """Compare, `…` standing for what changes from run to run."""
    pattern = ".*?".join(re.escape(part) for part in shown.strip().split("…"))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def test_the_steps_print_what_the_readme_shows(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("BUS_")}
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    for command, shown in steps():
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert matches(shown, done.stdout), f"{command}\nshown:\n{shown}\nprinted:\n{done.stdout}"


def test_the_page_shown_is_the_page_that_the_demonstration_prints() -> None:
    found = Numbers(490, 20, 11, (1, 2, 3, 3, 7, 9), 964, {"commune_inconnue": 1}, {}, 1)

    printed = page(found, "2026-02", (0.9, 1.8), [])

    assert block("text").strip() == printed.strip()


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert set(re.findall(r"make ([a-z]+)", README)) <= targets
    assert len(targets) <= 12
