"""The little Markdown that the reference pages need."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

Pages: TypeAlias = Mapping[str, str]
"""Pages by their path under docs/reference."""

NOTHING: Final = "—"
_PUNCTUATION: Final = re.compile(r"[^\w\- ]")


def page(title: str, *blocks: str) -> str:
    """Give a page: its title, then its blocks, an empty line between each, one newline at the end."""
    return "\n\n".join([f"# {title}", *(block.strip("\n") for block in blocks if block)]) + "\n"


def section(title: str, *blocks: str, level: int = 2) -> str:
    """Give a section under a heading; nothing at all when it has no block."""
    told = [block.strip("\n") for block in blocks if block]
    return "\n\n".join([f"{'#' * level} {title}", *told]) if told else ""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Give a table; an empty cell shows a dash, a table without rows is nothing."""
    lines = ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    if not lines:
        return ""
    return "\n".join(["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns), *lines])


def cell(value: object) -> str:
    """Give a text on one line that cannot end its cell."""
    text = " ".join(str(value).split()) if value is not None else ""
    return prose(text).replace("|", "\\|") or NOTHING


def prose(text: str) -> str:
    """Give a text in which ``<mot>`` shows as it is written, instead of passing for a tag; code stays code."""
    parts = text.split("`")
    return "`".join(part.replace("<", "&lt;") if rank % 2 == 0 else part for rank, part in enumerate(parts))


def code(text: object) -> str:
    """Give a word in the typeface of code."""
    return f"`{text}`"


def codes(texts: Iterable[object]) -> str:
    """Give words in the typeface of code, separated by commas."""
    return ", ".join(code(text) for text in texts)


def fenced(text: str, language: str = "") -> str:
    """Give a block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def as_json(value: object) -> str:
    """Give a value as a block of JSON, keys in their order, accents readable."""
    return fenced(json.dumps(value, ensure_ascii=False, indent=2), "json")


def link(text: str, target: str) -> str:
    """Give a link."""
    return f"[{text}]({target})"


def anchor(heading: str) -> str:
    """Give the anchor of a heading as Git forges make it: lower case, no punctuation, a dash for each space."""
    return _PUNCTUATION.sub("", heading.strip().lower()).replace(" ", "-")
