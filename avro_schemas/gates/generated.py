"""What is written from the schemas must be Python, with one meaning a name."""

import ast
from collections import Counter
from collections.abc import Iterator

from avro_schemas.gates.finding import Finding, Rule
from avro_schemas.gates.source import Version
from avro_schemas.generate import text

PLACE = "models.py"


def generated(newest: list[Version]) -> Iterator[Finding]:
    """Find what would make ``models.py`` unreadable, or define a name twice there.

    Args:
        newest: versions that parse, the last of each record.
    """
    written = text({one.name: one.schema for one in newest}, {one.name: one.number for one in newest})
    try:
        tree = ast.parse(written)
    except (SyntaxError, ValueError):
        yield Finding(
            PLACE, "ce qui serait écrit n’est pas du Python", Rule.PYTHON, "Changez le nom ou la doc en cause"
        )
        return
    for name, times in Counter(_names(tree)).items():
        if times > 1:
            yield Finding(PLACE, f"{name} y serait défini {times} fois", Rule.PYTHON, "Changez le nom d’un des types")


def _names(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.ImportFrom(names=imported):
                yield from (one.name for one in imported)
