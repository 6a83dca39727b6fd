"""The roles of people in an RSA dossier (ROLEPERS)."""

from typing import Final

ADULTS: Final = frozenset({"DEM", "CJT", "RDO", "AUT"})  # the bus keeps nobody else
CHILD: Final = "ENF"
