"""``python -m avro_schemas.gates``: exit codes 0 nothing to say, 1 findings, 2 usage, 3 no development dependencies."""

import argparse
import sys
from pathlib import Path

from avro_schemas import ROOT

try:
    from avro_schemas.gates.check import findings
except ModuleNotFoundError as error:
    if error.name is None or error.name.split(".")[0] != "avro":
        raise
    sys.stderr.write("La bibliothèque avro manque : « make setup » l’installe.\n")
    sys.exit(3)
from avro_schemas.gates.released import manifest
from avro_schemas.gates.source import RELEASED, read


def main(arguments: list[str] | None = None) -> int:
    """List all findings at once on the error output, one a line; without any, ``--release`` releases the candidates."""
    parser = argparse.ArgumentParser(prog="python -m avro_schemas.gates", description="Les règles du contrat.")
    parser.add_argument("--root", type=Path, default=ROOT, metavar="DIR", help="dossier du contrat")
    parser.add_argument("--release", action="store_true", help=f"publier les versions nouvelles : écrire {RELEASED}")
    options = parser.parse_args(arguments)
    if not options.root.is_dir():
        parser.error(f"{options.root} n’est pas un dossier")
    contract = read(options.root)
    if found := findings(contract):
        sys.stderr.write("".join(f"{finding}\n" for finding in found) + f"{len(found)} à corriger.\n")
        return 1
    if options.release:
        options.root.joinpath(RELEASED).write_text(manifest(contract), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
