"""Places of KEKs: one that stops stays known, so that a destruction there is confirmed or given up by somebody."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tell a role that has stopped from one that is silent; let a rotation strike out a place."""
    op.execute(
        "alter table vault.holder add column left_at timestamptz;"
        "comment on column vault.holder.left_at is 'the role stopped of itself; what it held may still lie there';"
        "grant delete on vault.holder to bus_rotate"
    )


def downgrade() -> None:
    """Forget the places that have stopped, as before."""
    op.execute(
        "revoke delete on vault.holder from bus_rotate;"
        "delete from vault.holder where left_at is not null;"
        "alter table vault.holder drop column left_at"
    )
