"""What the wheel holds, as pyproject.toml says, and what is made with it here."""

import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_PYPROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
WHEEL: Final = frozenset(_PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
PRODUCT: Final = WHEEL | {"tools"}
"""Everything that is neither a test nor a measurement."""
