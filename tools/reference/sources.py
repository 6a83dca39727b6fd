"""What the project's own source files say of themselves: modules, their imports, the names that they use."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("avro_schemas", "bus", "producers", "streams", "consumers", "watch", "synth", "kit", "guichet")


@cache
def modules() -> tuple[str, ...]:
    """Give every module of the project but scripts, migrations and this package, sorted."""
    found = [one.name for name in PACKAGES for one in pkgutil.walk_packages([str(ROOT / name)], f"{name}.")]
    kept = [name for name in found if not name.endswith("__main__") and ".migrations" not in name]
    return tuple(sorted(name for name in kept if not name.startswith("tools.reference")))


def load(pattern: re.Pattern[str]) -> None:
    """Import the modules whose text matches, and no other: some of them start engines."""
    for name in modules():
        if pattern.search(text(name)):
            importlib.import_module(name)


def text(module: str) -> str:
    """Give the text of a module."""
    path = ROOT.joinpath(*module.split("."))
    file = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
    return file.read_text("utf-8")


@cache
def tree(module: str) -> ast.Module:
    """Give the parsed text of a module."""
    return ast.parse(text(module))


@cache
def attributes(module: str) -> frozenset[str]:
    """Give every name that a module reads as an attribute of something."""
    return frozenset(node.attr for node in ast.walk(tree(module)) if isinstance(node, ast.Attribute))


@cache
def imports(module: str) -> frozenset[str]:
    """Give the modules of the project that a module imports, at its top or inside its functions."""
    return frozenset(name for name in _imported(tree(module)) if name in modules())


def _imported(parsed: ast.Module) -> Iterator[str]:
    for node in ast.walk(parsed):
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names)
            case ast.ImportFrom(module=str(origin), names=names):
                yield origin
                yield from (f"{origin}.{one.name}" for one in names)


@cache
def reached(module: str) -> frozenset[str]:
    """Give a module and all that it may import, directly or not."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += imports(name)
    return frozenset(seen)
