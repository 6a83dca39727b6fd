"""The batch that is on its way to a receiver, so that after a crash it comes again under its own position."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the open batch of each subscription that is written to in batches, or that reads pages."""
    op.execute(_BATCH)


def downgrade() -> None:
    """Take it away."""
    op.execute("drop table ledger.batch")


_BATCH = """
create table ledger.batch (
  subscription_id text primary key,
  -- of the last batch opened: grows by one with each
  position bigint not null,
  -- its deliveries, written before the receiver sees any of them; empty once its result is recorded
  seqs bigint[] not null
);
grant select, insert, update, delete on ledger.batch to bus_deliver;
grant select on ledger.batch to bus_guichet;
"""
