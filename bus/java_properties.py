"""Java's ``.properties`` text, read as Kafka reads it and written so that it reads it back: a broker's settings."""

import re
from collections.abc import Iterator
from typing import Final

from bus.errors import Misconfigured

_BLANK: Final = " \t\f"
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_CONTINUES: Final = re.compile(r"(?<!\\)(?:\\\\)*\\$")
"""An odd number of backslashes at the end."""
_PAIR: Final = re.compile(r"((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_NAMED: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def parse(text: str) -> dict[str, str]:
    """Give the values by key, blanks around them removed as Kafka does; the last line of a key wins.

    Raises:
        Misconfigured: a line that Java would refuse too; names its key.

    Source: java.util.Properties.load (separators ``=``, ``:`` or blank, comments ``#`` and ``!``, continued lines,
    escapes).
    """
    return dict(map(_pair, _lines(text)))


def _lines(text: str) -> Iterator[str]:
    """Join what is continued; a comment or an empty line counts as one only where a line begins."""
    pending = ""
    for natural in _LINE_END.split(text):
        line = natural.lstrip(_BLANK)
        if not pending and (not line or line[0] in "#!"):
            continue
        pending += line
        if _CONTINUES.search(line):
            pending = pending[:-1]
        else:
            yield pending
            pending = ""
    if pending:
        yield pending


def _pair(line: str) -> tuple[str, str]:
    found = _PAIR.match(line)
    key, value = found.groups() if found else (line, "")
    return _plain(key, key), _plain(value, key).strip()


def _plain(text: str, key: str) -> str:
    if any(one[0] == "u" and len(one) == 1 for one in _ESCAPE.findall(text)):
        raise Misconfigured(f"ligne refusée : {key} (\\u est suivi de quatre chiffres hexadécimaux)")
    found = _ESCAPE.sub(lambda one: _character(one[1]), text)
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # Java's two halves make one character


def _character(escaped: str) -> str:
    if len(escaped) > 1:
        return chr(int(escaped[1:], 16))
    return _NAMED.get(escaped, escaped)


def escaped(text: str) -> str:
    r"""Give a text that Java reads back the same: it takes bytes for Latin-1, so what is not ASCII is ``\uXXXX``.

    >>> print(escaped("essai é"))
    essai \u00e9
    """
    return "".join(one if one.isascii() else _units(one) for one in text)


def _units(one: str) -> str:
    octets = one.encode("utf-16-be")
    return "".join(f"\\u{octets[at : at + 2].hex()}" for at in range(0, len(octets), 2))
