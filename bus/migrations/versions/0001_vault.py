"""The vault: subjects, links, wrapped keys, register of erasures; and one database role per process."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the roles and the vault."""
    op.execute(_ROLES)
    op.execute(_VAULT)
    op.execute(_GRANTS)


_ROLES = """
do $$
declare role_name text;
begin
  foreach role_name in array array['bus_ingest', 'bus_relay', 'bus_deliver', 'bus_guichet'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      execute format('create role %I login', role_name);
    end if;
    execute format('grant %I to current_user', role_name);
  end loop;
end $$;
"""

_VAULT = """
create schema vault;
create table vault.subject (
  subject_id text primary key,
  created_at timestamptz not null default now()
);
create table vault.link (
  kind text not null,
  digest bytea not null,
  subject_id text not null,
  primary key (kind, digest)
);
create index link_subject on vault.link (subject_id);
create table vault.key (
  key_id text primary key,
  subject_id text not null,
  epoch int not null,
  wrapped bytea not null,
  created_at timestamptz not null default now()
);
create index key_subject on vault.key (subject_id);
create table vault.owned_key (
  key_id text primary key,
  owner text not null,
  epoch int not null,
  wrapped bytea not null,
  created_at timestamptz not null default now()
);
create index owned_key_owner on vault.owned_key (owner);
create table vault.erased (
  kind text not null,
  digest bytea not null,
  erased_at timestamptz not null default now(),
  primary key (kind, digest)
);
"""

_GRANTS = """
grant usage on schema vault to bus_ingest, bus_deliver, bus_guichet;
grant select, insert, update, delete on all tables in schema vault to bus_ingest;
grant select on vault.key to bus_deliver;
grant select, delete on vault.subject, vault.link, vault.key, vault.owned_key to bus_guichet;
grant select, insert on vault.erased to bus_guichet;
"""
