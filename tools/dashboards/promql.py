"""What an expression reads: the metrics it selects, the labels it names. A tokenizer, no parser: promtool parses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<duration>\[[^\]]*\]|\boffset\s+\S+)
      | (?P<number>(?<![\w:])\d[\w.]*)
      | (?P<name>[A-Za-z_:][\w:]*)
      | (?P<mark>[{}()])""",
    re.VERBOSE,
)
_LISTS: Final = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_WORDS: Final = frozenset({"and", "or", "unless", "bool", "inf", "nan"})
_MATCHER: Final = re.compile(r"([A-Za-z_]\w*)\s*(?:=~|!~|!=|=)")


@dataclass(frozen=True, slots=True)
class Reads:
    """What one expression reads.

    Attributes:
        selected: (metric, labels of its matchers) for each selector.
        grouped: labels that aggregations and matchings name.
    """

    selected: frozenset[tuple[str, frozenset[str]]]
    grouped: frozenset[str]

    @property
    def metrics(self) -> frozenset[str]:
        """Give the names alone."""
        return frozenset(name for name, _ in self.selected)


def reads(expr: str) -> Reads:
    """Tell what an expression reads; the expression is taken to be valid."""
    selected: set[tuple[str, frozenset[str]]] = set()
    grouped: set[str] = set()
    for name, after in _names(expr):
        if name in _LISTS:
            grouped |= _list(after)
        elif name.lower() not in _WORDS and not _is_call(after):
            selected.add((name, _matchers(after)))
    return Reads(frozenset(selected), frozenset(grouped))


def _names(expr: str) -> Iterator[tuple[str, str]]:
    """Give each identifier outside label lists, matchers, strings and durations, with the text after it."""
    position = 0
    while (token := _TOKEN.search(expr, position)) is not None:
        position = token.end()
        if token.lastgroup == "mark" and token[0] == "{":
            position = _end_of_matchers(expr, token.start())
        elif token.lastgroup == "name":
            after = expr[position:].lstrip()
            yield token[0], after
            if token[0] in _LISTS and after.startswith("("):
                position = expr.index(")", position) + 1


def _list(after: str) -> set[str]:
    return set(re.findall(r"\w+", after[1 : after.index(")")])) if after.startswith("(") else set()


def _is_call(after: str) -> bool:
    """Say whether the identifier before is a function or an aggregation, its labels before or after its operand."""
    return after.startswith("(") or re.match(r"(by|without)\b", after) is not None


def _matchers(after: str) -> frozenset[str]:
    if not after.startswith("{"):
        return frozenset()
    inside = re.sub(r'"(?:\\.|[^"\\])*"', '""', after[1 : _end_of_matchers(after, 0) - 1])
    return frozenset(_MATCHER.findall(inside))


def _end_of_matchers(text: str, start: int) -> int:
    """Give the place after the brace that closes the one at ``start``, strings skipped."""
    position = start + 1
    while (token := _TOKEN.search(text, position)) is not None:
        position = token.end()
        if token[0] == "}":
            return position
    return len(text)
