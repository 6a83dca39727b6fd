"""``python -m guichet``: the same as the ``bus`` command."""

from guichet.cli import main

main()
