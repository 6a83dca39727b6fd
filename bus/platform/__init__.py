"""Kafka, a schema registry and PostgreSQL on one machine, without Docker: what ``bus dev up`` and the tests stand on.

``start(data_dir)`` gives a running ``Platform``; ``postgres.database(settings)`` gives one command its database.
"""  # noqa: A005  `bus.platform` is never imported as `platform`

from bus.platform.local import Platform, start

__all__ = ["Platform", "start"]
