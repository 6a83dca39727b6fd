"""Epochs of the key-encryption keys: which are alive, which one wraps, who holds them, which were destroyed.

The foreign keys are the safety of a rotation: a wrapped key cannot be written under an epoch that is gone, and an epoch
cannot go while a row, seen or still uncommitted, is wrapped under it.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the epochs that are in use, bind the wrapped keys to them, and the role that rotates."""
    op.execute(_EPOCHS)
    op.execute(_IN_USE)
    op.execute(_BINDING)
    op.execute(_ROLE)
    op.execute(_GRANTS)


def downgrade() -> None:
    """Take the epochs away; every key stays under the one it has. The role stays: it belongs to the server."""
    op.execute(
        "alter table vault.key drop constraint key_epoch;"
        "alter table vault.owned_key drop constraint owned_key_epoch;"
        "alter table journal.staged_key drop constraint staged_key_epoch;"
        "alter table journal.staged_owned_key drop constraint staged_owned_key_epoch;"
        "drop table vault.holder, vault.epoch_retired, vault.epoch;"
        "revoke all on vault.key, vault.owned_key, journal.staged_key, journal.staged_owned_key from bus_rotate;"
        "revoke usage on schema vault, journal from bus_rotate"
    )


_EPOCHS = """
create table vault.epoch (
  epoch int primary key,
  -- of the key in the files kek.<epoch>; null until a rotation has looked at it
  fingerprint bytea,
  created_at timestamptz not null default now(),
  -- the highest epoch that has it wraps new keys; null: being handed out to the roles
  in_force_at timestamptz
);
create table vault.epoch_retired (
  epoch int primary key,
  fingerprint bytea,
  created_at timestamptz not null,
  in_force_at timestamptz,
  -- nothing is wrapped under it any more
  retired_at timestamptz not null default now(),
  -- its files are gone from every folder known
  destroyed_at timestamptz
);
-- Which epochs each running role holds, told every two seconds.
create table vault.holder (
  role text not null,
  place text not null,
  epoch int not null,
  fingerprint bytea not null,
  seen_at timestamptz not null default now(),
  primary key (role, place, epoch)
);
"""

_IN_USE = """
insert into vault.epoch (epoch, created_at, in_force_at)
select epoch, min(created_at), min(created_at) from (
  select epoch, created_at from vault.key
  union all select epoch, created_at from vault.owned_key
  union all select epoch, now() from journal.staged_key
  union all select epoch, now() from journal.staged_owned_key
) k group by epoch;
insert into vault.epoch (epoch, in_force_at) select 1, now() where not exists (select from vault.epoch);
"""

_BINDING = """
alter table vault.key add constraint key_epoch foreign key (epoch) references vault.epoch;
alter table vault.owned_key add constraint owned_key_epoch foreign key (epoch) references vault.epoch;
alter table journal.staged_key add constraint staged_key_epoch foreign key (epoch) references vault.epoch;
alter table journal.staged_owned_key add constraint staged_owned_key_epoch foreign key (epoch) references vault.epoch;
"""

_ROLE = """
do $$
begin
  if not exists (select from pg_roles where rolname = 'bus_rotate') then
    create role bus_rotate login;
  end if;
  grant bus_rotate to current_user;
end $$;
"""

# A rotation can neither add a wrapped key, nor delete one, nor learn whose it is.
_GRANTS = """
grant usage on schema vault, journal to bus_rotate;
grant select (key_id, epoch, wrapped), update (epoch, wrapped)
  on vault.key, vault.owned_key, journal.staged_key, journal.staged_owned_key to bus_rotate;
grant select, insert, delete on vault.epoch to bus_rotate;
grant update (fingerprint, in_force_at) on vault.epoch to bus_rotate;
grant select, insert on vault.epoch_retired to bus_rotate;
grant update (destroyed_at) on vault.epoch_retired to bus_rotate;
grant select on vault.holder to bus_rotate;
grant select on vault.epoch, vault.epoch_retired, vault.holder to bus_ingest, bus_deliver, bus_guichet;
-- To hold an epoch while a key is written under it, and to name the first one of an empty vault.
grant insert, update (fingerprint) on vault.epoch to bus_ingest;
grant insert, update, delete on vault.holder to bus_ingest, bus_deliver;
"""
