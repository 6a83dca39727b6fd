"""The ledger (what is owed to whom, what was tried) and the desk (subscriptions)."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both schemas and say who may do what."""
    op.execute(_DESK)
    op.execute(_LEDGER)
    op.execute(_GRANTS)


_DESK = """
create schema desk;
create sequence desk.revision;
create table desk.subscription (
  subscription_id text not null,
  version int not null,
  organisation text not null,
  document jsonb not null,
  applied_at timestamptz not null default now(),
  -- set when a newer version replaces it or when its file no longer names it
  ended_at timestamptz,
  -- grows with every change: dispatchers compare it to know that something changed
  revision bigint not null default nextval('desk.revision'),
  primary key (subscription_id, version)
);
create unique index subscription_in_force on desk.subscription (subscription_id) where ended_at is null;
create index subscription_revision on desk.subscription (revision);
"""

_LEDGER = """
create schema ledger;
create table ledger."offset" (
  cluster text not null,
  topic text not null,
  partition int not null,
  -- of the next record to read
  position bigint not null,
  primary key (cluster, topic, partition)
);
-- The sealed event, once. The same event routed to two authorities carries two enrichments: hence both in the key.
create table ledger.event (
  event_id uuid not null,
  autorite text not null,
  type text not null,
  subject_id text,
  flux_id text not null,
  effective_on date not null,
  published_at timestamptz not null,
  value bytea not null,
  received_at timestamptz not null default now(),
  primary key (event_id, autorite)
);
alter table ledger.event alter column value set storage external;
create index event_subject on ledger.event (subject_id) where subject_id is not null;
create table ledger.delivery (
  -- order of intake, which is the order of every lane
  seq bigint generated always as identity primary key,
  subscription_id text not null,
  event_id uuid not null,
  autorite text not null,
  type text not null,
  -- the subject, or the flux for an event about no person
  lane text not null,
  -- the pseudonym of the subject for this organisation
  sujet text,
  etat text not null default 'en_attente' check (etat in ('en_attente', 'livree', 'parquee', 'retiree')),
  -- given at the first attempt, never changed
  sequence bigint,
  attempts int not null default 0,
  -- attempts that counted against the ladder
  tries int not null default 0,
  cause text,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  unique (subscription_id, event_id),
  foreign key (event_id, autorite) references ledger.event
) with (fillfactor = 80);
create index delivery_pending on ledger.delivery (subscription_id, seq) where etat = 'en_attente';
create index delivery_pending_lane on ledger.delivery (lane, subscription_id, seq) where etat = 'en_attente';
create table ledger.attempt (
  seq bigint not null references ledger.delivery on delete cascade,
  n int not null,
  at timestamptz not null,
  outcome text not null,
  code int,
  duration_ms int not null,
  cause text,
  primary key (seq, n)
);
create table ledger.lane (
  subscription_id text not null,
  lane text not null,
  -- the last number given
  sequence bigint not null default 0,
  -- the head failed and waits until then
  sleeps_until timestamptz,
  -- the head was parked and the subscription says that nothing may pass it
  blocked boolean not null default false,
  -- webhook ids that were attempted and will not arrive, to be told with the next delivery
  gap text[] not null default '{}',
  primary key (subscription_id, lane)
) with (fillfactor = 80);
create index lane_held on ledger.lane (subscription_id) where blocked or sleeps_until is not null;
-- A receiver that answered 410: this version of the subscription sends nothing more.
create table ledger.stopped (
  subscription_id text not null,
  version int not null,
  at timestamptz not null default now(),
  primary key (subscription_id, version)
);
"""

_GRANTS = """
grant usage on schema desk to bus_deliver, bus_guichet;
grant usage on schema ledger to bus_deliver, bus_guichet;
grant select on all tables in schema desk to bus_deliver;
grant select, insert, update on all tables in schema desk to bus_guichet;
grant usage on sequence desk.revision to bus_guichet;
grant select, insert, update, delete on all tables in schema ledger to bus_deliver;
grant select on all tables in schema ledger to bus_guichet;
-- An erasure withdraws what is still owed about the person.
grant update (etat, cause, ended_at) on ledger.delivery to bus_guichet;
-- An operator releases what was parked.
grant update (tries, created_at) on ledger.delivery to bus_guichet;
grant update (sleeps_until, blocked, gap) on ledger.lane to bus_guichet;
"""
