"""Released versions: a digest of each stands in ``RELEASED.toml``, so that an edit or a deletion shows.

A version that is not in that file is a candidate: it must pass every gate, and may still change. The file itself only
grows: what each release of the bus held is written a second time, beside the data that the release left behind.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Final

from avro_schemas import Schema
from avro_schemas.gates.finding import Finding, Rule
from avro_schemas.gates.source import RELEASED, Contract

HEAD: Final = """\
# Versions publiées : l’empreinte du texte de chacune. Une version publiée n’est ni modifiée ni supprimée.
# Écrit par « python -m avro_schemas.gates --release » : ne rien changer à la main.
"""


def digest(schema: Schema) -> str:
    """Give the SHA-256 of a schema's canonical text: neither spaces nor the order of a JSON object's keys matter."""
    text = json.dumps(schema, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def kept(contract: Contract) -> Iterator[Finding]:
    """Find released versions that were edited or deleted, and numbers that were skipped."""
    silent = {finding.place for finding in contract.unreadable}  # there, but told already
    for name, entries in contract.released.items():
        found = contract.versions.get(name, {})
        here = {f"v{number}": version for number, version in found.items()}
        for label, known in entries.items():
            if f"{name} {label}" in silent:
                continue
            if label not in here:
                remedy = "Rétablissez son dossier : des événements conservés se lisent avec elle"
                yield Finding(f"{name} {label}", "version publiée, supprimée", Rule.PUBLIE, remedy)
            elif digest(here[label].schema) != known:
                remedy = f"Rétablissez son texte et écrivez v{max(found) + 1}"
                yield Finding(f"{name} {label}", "version publiée, modifiée", Rule.PUBLIE, remedy)
    yield from _grown(contract)
    yield from _numbered(contract)


def _grown(contract: Contract) -> Iterator[Finding]:
    """Find entries that a release of the bus had and that the list has no more, or has otherwise."""
    if RELEASED in {finding.place for finding in contract.unreadable}:
        return
    for release, table in contract.anchors.items():
        for name, label, known in ((name, *entry) for name, entries in table.items() for entry in entries.items()):
            found = contract.released.get(name, {}).get(label)
            if found != known:
                fault = f"{'absente de la liste' if found is None else 'autre empreinte'}, publiée avec {release}"
                remedy = f"Rétablissez l’entrée de {RELEASED} et le dossier de la version"
                yield Finding(f"{name} {label}", fault, Rule.PUBLIE, remedy)


def _numbered(contract: Contract) -> Iterator[Finding]:
    for name, found in contract.versions.items():
        told = {int(label[1:]) for label in contract.released.get(name, {}) if label[1:].isdigit()}
        for number in sorted(set(range(1, max(found) + 1)) - found.keys() - told):
            remedy = "Numérotez les versions sans trou"
            yield Finding(f"{name} v{number}", "cette version manque", Rule.DOSSIER, remedy)


def manifest(contract: Contract) -> str:
    """Give the text of ``RELEASED.toml`` once every candidate is released; what was there stays as it was."""
    tables: dict[str, Mapping[str, str]] = {name: dict(entries) for name, entries in contract.released.items()}
    for version in contract:
        entries = tables.get(version.name, {})
        tables[version.name] = {f"v{version.number}": digest(version.schema)} | dict(entries)
    return HEAD + "".join(_table(name, tables[name]) for name in sorted(tables))


def _table(name: str, entries: Mapping[str, str]) -> str:
    rows = sorted(entries.items(), key=lambda row: int(row[0][1:]))
    return f'\n["{name}"]\n' + "".join(f'{label} = "{known}"\n' for label, known in rows)


__all__ = ["RELEASED", "digest", "kept", "manifest"]
