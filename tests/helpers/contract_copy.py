"""A copy of the contract in a folder of its own, to break one thing of it at a time."""

import io
import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import avro_schemas
from avro_schemas.gates.__main__ import main

Edit = Callable[[dict[str, Any]], object]


class ContractCopy:
    """The package, code included, under ``root``; with ``names``, these records of it alone: the rules run quicker."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.root = folder / "avro_schemas"
        kept = names or avro_schemas.names()
        dropped = set(avro_schemas.names()) - set(kept)
        shutil.copytree(avro_schemas.ROOT, self.root, ignore=shutil.ignore_patterns("__pycache__", *dropped))
        anchors = folder / "tests" / "releases"
        shutil.copytree(avro_schemas.ROOT.parent / "tests" / "releases", anchors, ignore=_but_anchors)
        for file in (self.root / "OWNERS.toml", self.root / "RELEASED.toml", *anchors.iterdir()):
            head, *tables = file.read_text("utf-8").split('\n["')
            tables = [table for table in tables if table.partition('"')[0] in kept]
            file.write_text('\n["'.join([head, *tables]), encoding="utf-8")

    def refused(self) -> list[str]:
        """Run the gates, which must refuse; gives the lines said, the count of them aside."""
        with redirect_stderr(io.StringIO()) as said:
            assert main(["--root", str(self.root)]) == 1
        *lines, last = said.getvalue().splitlines()
        assert last == f"{len(lines)} à corriger."
        return lines

    def version(self, name: str, number: int) -> Path:
        return self.root / name / f"v{number}"

    def candidate(self, name: str, edit: Edit = lambda _: None, number: int = 2) -> None:
        """Write a new version: the one before, examples included, with one edit."""
        shutil.copytree(self.version(name, number - 1), self.version(name, number))
        self.edit(name, number, edit)

    def edit(self, name: str, number: int, edit: Edit) -> None:
        _rewrite(self.version(name, number) / "schema.avsc", edit)

    def edit_sample(self, name: str, title: str, edit: Edit, number: int = 1) -> None:
        _rewrite(self.version(name, number) / "examples" / f"{title}.json", edit)

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


def _but_anchors(_: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".contrat.toml")]


def _rewrite(path: Path, edit: Edit) -> None:
    content = json.loads(path.read_text("utf-8"))
    edit(content)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def field(schema: dict[str, Any], path: str) -> dict[str, Any]:
    """Give a field by its dotted path, through records only."""
    names = path.split(".")
    found = next(one for one in schema["fields"] if one["name"] == names[0])
    return field(found["type"], ".".join(names[1:])) if names[1:] else found


def added(name: str = "ajout", **change: Any) -> dict[str, Any]:
    """Give a field that every gate lets pass, unless changed; ``...`` leaves a member out."""
    usual = {
        "name": name,
        "type": ["null", "string"],
        "doc": "Un ajout.",
        "sensibilite": "S4",
        "origine": "bus",
        "default": None,
    }
    return {key: value for key, value in (usual | change).items() if value is not ...}


def adding(name: str = "ajout", **change: Any) -> Edit:
    """Give the edit that adds such a field to ``donnees``."""
    return lambda schema: field(schema, "donnees")["type"]["fields"].append(added(name, **change))
