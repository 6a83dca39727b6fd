"""Alembic's entry: one online run on the address that ``bus.db.migrate`` gives."""

import psycopg
from alembic import context
from sqlalchemy import create_engine, pool

_dsn = context.config.attributes["dsn"]
# The address is libpq's, not SQLAlchemy's: let psycopg read it.
_engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(_dsn), poolclass=pool.NullPool)

with _engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
