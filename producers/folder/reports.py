"""The report that is laid beside each file of a watched folder."""

import os
from pathlib import Path
from typing import Final

import orjson

from producers.journal.verdict import Report

REPORT_SUFFIX: Final = ".rapport.json"
_NAME_BYTES: Final = 255  # what Linux file systems take
_PREFIX_BYTES: Final = 200


def report_name(report: Report) -> str:
    """Give the name of the file of a report: that of its file, shortened with the flux id when it would be too long."""
    name = f"{report.fichier}{REPORT_SUFFIX}"
    if len(name.encode()) <= _NAME_BYTES:
        return name
    prefix = report.fichier.encode()[:_PREFIX_BYTES].decode(errors="ignore")
    return f"{prefix}.{report.flux.removeprefix('sha256:')[:12]}{REPORT_SUFFIX}"


def write_report(folder: Path, report: Report) -> None:
    """Lay a report beside its file, whole or not at all."""
    draft = folder / f".{report.flux.removeprefix('sha256:')}.{os.getpid()}.part"
    draft.write_bytes(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2) + b"\n")
    draft.replace(folder / report_name(report))
