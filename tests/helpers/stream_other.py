"""``bus stream`` as another release would have it, for tests: ``OTHER=derives`` has the rule of ``stream_rules``,
``OTHER=newer`` keeps in each person a facet that this release does not know: how many of their events it has seen.
"""

import os
import sys
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.stream_rules import RULES

from guichet.cli import main
from streams import derivations, step
from streams.event import Event
from streams.fold import fold
from streams.person import State, Unread

TAG = 200


def seen(state: State) -> int:
    """Give the number that the newer release keeps of a person, 0 without."""
    return sum(int.from_bytes(one.content, "big") for one in state.inconnues if one.tag == TAG)


def counting(state: State, event: Event, authority: str | None, *, journal: int = 0, offset: int = -1) -> State:
    after = fold(state, event, authority, journal=journal, offset=offset)
    return after._replace(inconnues=(Unread(TAG, 3, (seen(state) + 1).to_bytes(4, "big")),))


if __name__ == "__main__":
    if os.environ["OTHER"] == "derives":
        patch.object(derivations, "DERIVATIONS", RULES).start()
    else:
        patch.object(step, "fold", counting).start()
    sys.argv = ["bus", "stream"]
    main()
