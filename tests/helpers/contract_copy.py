"""A copy of the contract in a folder of its own, to break one thing of it at a time."""

import io
import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import avro_schemas
from avro_schemas import OWN, SEALED, assembly
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
        for file in (self.root / "RELEASED.toml", *anchors.iterdir()):
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

    def whole(self, name: str, number: int) -> dict[str, Any]:
        """Give the schema that a version is assembled to, with the rights of its fields."""
        own = _read(self.version(name, number) / OWN)
        return assembly.part(own) if name.startswith(SEALED) else assembly.event(own, self._common(own["commun"]))

    def edit(self, name: str, number: int, edit: Edit) -> None:
        """Change a version's whole schema; what events share gets a next version where the change touches it."""
        own, before, schema = (_read(self.version(name, number) / OWN), *(self.whole(name, number) for _ in "12"))
        edit(schema)
        notes = {key: own[key] for key in assembly.TYPE_NOTES if key in own}
        if not name.startswith(SEALED):
            shared, kept = _envelope(schema), _envelope(before)
            if shared != kept:
                notes["commun"] = self._evolve(shared, own["commun"])
            schema = _own_part(schema, renamed=schema["name"] != before["name"])
        _write(self.version(name, number) / OWN, schema | notes)

    def edit_own(self, name: str, edit: Edit, number: int = 1) -> None:
        """Change a version's file as it is."""
        _rewrite(self.version(name, number) / OWN, edit)

    def edit_common(self, edit: Callable[[list[dict[str, Any]]], object], number: int = 1) -> None:
        _rewrite(self.root / "common" / f"v{number}.avsc", edit)

    def edit_sample(self, name: str, title: str, edit: Edit, number: int = 1) -> None:
        _rewrite(self.version(name, number) / "examples" / f"{title}.json", edit)

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def _common(self, number: int) -> Any:
        return _read(self.root / "common" / f"v{number}.avsc")

    def _evolve(self, shared: list[dict[str, Any]], old: int) -> int:
        *_, empty, event = self._common(old)
        place = next(one for one in event["fields"] if one["name"] == assembly.OWN)
        fields = [place if one["name"] == assembly.OWN else one for one in shared]
        number = len([*self.root.glob("common/v*.avsc")]) + 1
        _write(self.root / "common" / f"v{number}.avsc", [empty, event | {"fields": fields}])
        return number


def _envelope(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [one if one["name"] != assembly.OWN else {"name": assembly.OWN} for one in schema["fields"]]


def _own_part(schema: dict[str, Any], *, renamed: bool) -> dict[str, Any]:
    own: dict[str, Any] = field(schema, assembly.OWN)["type"] | {"doc": schema["doc"]}
    return own | {"name": schema["name"] + assembly.SUFFIX} if renamed else own


def _but_anchors(_: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".contrat.toml")]


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def _rewrite(path: Path, edit: Callable[[Any], object]) -> None:
    content = _read(path)
    edit(content)
    _write(path, content)


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
        "droit": "droit",
        "default": None,
    }
    return {key: value for key, value in (usual | change).items() if value is not ...}


def adding(name: str = "ajout", **change: Any) -> Edit:
    """Give the edit that adds such a field to ``donnees``."""
    return lambda schema: field(schema, "donnees")["type"]["fields"].append(added(name, **change))
