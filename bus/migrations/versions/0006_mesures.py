"""What the metrics must not forget at a restart: the gap of a refused file, and the deadlines already judged."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the gap to each flux, and the totals of the deadlines with the last delivery judged."""
    op.execute(_GAP)
    op.execute(_DEADLINES)


def downgrade() -> None:
    """Take both away."""
    op.execute(
        "alter table journal.flux drop column ecart; drop table ledger.deadline; drop table ledger.deadline_mark"
    )


_GAP = """
alter table journal.flux add column ecart int not null default 0;
comment on column journal.flux.ecart is
  'enregistrements annoncés par le fichier moins enregistrés lus ; 0 sauf pour un refus « compteur »';
"""

# Judged in the order of seq, each once: the totals and the mark move in one transaction. What is older than this table
# was never promised anything: it is not judged.
_DEADLINES = """
create table ledger.deadline (
  event_type text not null,
  result text not null check (result in ('met', 'missed')),
  total bigint not null,
  primary key (event_type, result)
);
create table ledger.deadline_mark (
  single boolean primary key default true check (single),
  seq bigint not null
);
insert into ledger.deadline_mark (seq) select coalesce(max(seq), 0) from ledger.delivery;
grant select, insert, update on ledger.deadline, ledger.deadline_mark to bus_deliver;
grant select on ledger.deadline, ledger.deadline_mark to bus_guichet;
"""
