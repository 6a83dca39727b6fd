"""An invented world: lives first, then the files that caisses would send about them, and the truth beside the files.

Nothing here imports ``producers``: the truth is told from the lives, by other code than the difference engine, so that
it can judge it.
"""
