"""The exit codes of ``bus``, declared once."""

from enum import IntEnum
from typing import Self


class Exit(IntEnum):
    """How a command ended; ``meaning`` and ``action`` are French sentences."""

    meaning: str
    action: str

    def __new__(cls, code: int, meaning: str = "", action: str = "") -> Self:
        """Make a member that is its number. No member goes without both sentences."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        member.action = action
        return member

    DONE = 0, "Fait.", "Rien."
    REFUSED = (
        1,
        "Refusé, ou constat : une règle interdit ce qui est demandé, un fichier est rejeté, tout n’est pas prêt.",
        "Lisez le message, il dit quoi faire à la place ; relancer sans rien changer donne le même résultat.",
    )
    USAGE = 2, "La commande est mal écrite.", "Relisez bus COMMANDE --help."
    ENVIRONMENT = (
        3,
        "L’environnement manque : broker, registre, base, secret ou réglage.",
        "Rétablissez ce que nomme le message (bus dev status sur un poste), puis relancez.",
    )
    INTERRUPTED = 130, "Interrompu au clavier.", "Relancez : rien n’est à moitié fait."
