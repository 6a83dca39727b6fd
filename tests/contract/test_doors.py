"""What a door costs: the table of CONTRIBUTING is what the pages have their reader write by hand."""

from typing import Final

import pytest
from helpers.door import ROOT, touched

DOORS: Final = {
    "an event type": ("add-an-event-type", 5),
    "a source": ("add-a-source", 6),
    "a channel": ("add-a-channel", 4),
    "a derived event": ("add-a-derived-event", 4),
}
"""By what is added: the page that a test follows to the letter, and how many files it may have its reader touch."""


def page(name: str) -> str:
    return f"docs/how-to/{name}.md"


def table() -> str:
    rows = [
        f"| [{what}]({page(name)}) | {len(touched(ROOT / page(name)))} | {most} |"
        for what, (name, most) in DOORS.items()
    ]
    return "\n".join(("| to add | files touched by hand | at most |", "|---|---|---|", *rows))


@pytest.mark.parametrize("what", DOORS)
def test_a_door_is_no_wider_than_promised(what: str) -> None:
    name, most = DOORS[what]

    files = touched(ROOT / page(name))

    assert 0 < len(files) <= most, f"{page(name)} : {files}"


def test_contributing_tells_what_the_pages_cost() -> None:
    assert table() in (ROOT / "CONTRIBUTING.md").read_text("utf-8"), f"CONTRIBUTING.md must hold:\n{table()}"


@pytest.mark.parametrize("what", DOORS)
def test_each_page_is_followed_by_a_test(what: str) -> None:
    name, _ = DOORS[what]
    followers = [path for path in (ROOT / "tests").glob("*/test_door_*.py") if f"{name}.md" in path.read_text("utf-8")]

    assert followers, f"no test follows {page(name)}"
