"""The journal: what is known of each source, what waits, what is owed to the topics, and the staging of one flux.

Staging tables are unlogged: a flux that a crash interrupts is staged again from the start, so nothing in them is worth
a write-ahead log. One flux is staged at a time (``LOCK_INGEST``), so they carry no flux id.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the journal, its staging tables and the grants."""
    op.execute(_JOURNAL)
    op.execute(_ASIDE)
    op.execute(_OUTBOX)
    op.execute(_STAGING)
    op.execute(_STAGING_SUBJECTS)
    op.execute(_GRANTS)
    op.execute(_OWNER)


_JOURNAL = """
create schema journal;
create table journal.flux (
  flux_id text primary key,
  source text not null,
  emetteur text not null,
  authority text,
  file_name text,
  natflux text,
  typeflux text,
  dtref text,
  dtcreaflux text,
  heucreaflux text,
  received_at timestamptz not null,
  decided_at timestamptz not null default now(),
  verdict text not null check (verdict in ('accepte', 'rejete')),
  motif text,
  detail text,
  lus int not null,
  valides int not null,
  rejets int not null,
  hors_perimetre int not null,
  effaces int not null,
  en_attente int not null,
  evenements jsonb not null
);
create index flux_decided on journal.flux (decided_at);
create table journal.scope (
  scope_id int generated always as identity primary key,
  fonorg text not null,
  numorg text not null,
  authority text not null,
  monthly_at timestamp,
  monthly_dtref date,
  baseline_at timestamp,
  unique (fonorg, numorg, authority)
);
create table journal.dossier (
  scope_id int not null,
  dossier text not null,
  etat text not null,
  seen_at timestamp not null,
  moved_out boolean not null,
  primary key (scope_id, dossier)
);
create table journal.person (
  scope_id int not null,
  dossier text not null,
  subject_id text not null,
  role text not null,
  eligible boolean not null,
  obligation boolean,
  address bytea,
  commune text,
  moved_in smallint not null,
  primary key (scope_id, dossier, subject_id)
);
create index person_subject on journal.person (subject_id);
create index person_dossier on journal.person (dossier);
create index person_eligible on journal.person (scope_id) where eligible;
create table journal.contact (
  subject_id text not null,
  source text not null,
  fingerprint bytea not null,
  as_of date not null,
  primary key (subject_id, source)
);
create table journal.suspect (
  subject_id text not null,
  other_id text not null,
  primary key (subject_id, other_id)
);
"""

_ASIDE = """
create table journal.waiting (
  waiting_id bigint generated always as identity primary key,
  flux_id text not null,
  rank int not null,
  dossier text not null,
  role text not null,
  as_of date not null,
  expires_at timestamptz not null,
  key_id text not null,
  octets bytea not null
);
create index waiting_dossier on journal.waiting (dossier);
create table journal.quarantine (
  flux_id text not null,
  rank int not null,
  dossier text,
  chemin text not null,
  code text not null,
  key_id text not null,
  octets bytea not null,
  created_at timestamptz not null default now(),
  primary key (flux_id, rank)
);
create index quarantine_dossier on journal.quarantine (dossier);
create table journal.spool (
  flux_id text primary key,
  key_id text not null,
  source text not null,
  file_name text not null,
  folder text,
  received_at timestamptz not null,
  decided boolean not null default false,
  index_complete boolean not null default false
);
create table journal.spool_dossier (
  flux_id text not null,
  digest text not null,
  primary key (flux_id, digest)
);
create index spool_dossier_digest on journal.spool_dossier (digest);
"""

_OUTBOX = """
create table journal.outbox (
  seq bigint generated always as identity primary key,
  event_id uuid not null,
  topic text not null,
  key text not null,
  type text not null,
  version int not null,
  body bytea,
  observed_at timestamptz not null,
  created_at timestamptz not null default now(),
  published_at timestamptz,
  source text
);
comment on column journal.outbox.source is
  'copy of a field of the body, like observed_at: the relay writes its headers without decoding; null with a null body';
create index outbox_unpublished on journal.outbox (seq) where published_at is null;
create index outbox_tombstone on journal.outbox (key) where body is null;
"""

_STAGING = """
create unlogged table journal.staged_dossier (
  scope_id int, dossier text, etat text, seen_at timestamp, moved_out boolean, persons boolean
);
create index staged_dossier_key on journal.staged_dossier (scope_id, dossier);
create unlogged table journal.staged_person (
  scope_id int, dossier text, subject_id text, role text, eligible boolean, obligation boolean, address bytea,
  commune text, moved_in smallint
);
create index staged_person_dossier on journal.staged_person (dossier);
create index staged_person_subject on journal.staged_person (subject_id);
create unlogged table journal.staged_present (scope_id int, dossier text);
create index staged_present_key on journal.staged_present (scope_id, dossier);
create unlogged table journal.staged_absent (scope_id int, dossier text, subject_id text);
create index staged_absent_subject on journal.staged_absent (subject_id);
create unlogged table journal.staged_contact (subject_id text, source text, fingerprint bytea, as_of date);
create index staged_contact_subject on journal.staged_contact (subject_id);
create unlogged table journal.staged_waiting (
  rank int, dossier text, role text, as_of date, expires_at timestamptz, key_id text, octets bytea
);
create unlogged table journal.staged_settled (waiting_id bigint, key_id text);
create unlogged table journal.staged_quarantine (
  rank int, dossier text, chemin text, code text, key_id text, octets bytea
);
create unlogged table journal.staged_outbox (
  ord bigint, event_id uuid, topic text, key text, type text, version int, body bytea, observed_at timestamptz,
  source text
);
"""

_STAGING_SUBJECTS = """
create unlogged table journal.staged_subject (subject_id text);
create unlogged table journal.staged_link (kind text, digest bytea, subject_id text);
create index staged_link_digest on journal.staged_link (kind, digest);
create unlogged table journal.staged_key (key_id text, subject_id text, epoch int, wrapped bytea);
create index staged_key_subject on journal.staged_key (subject_id);
create unlogged table journal.staged_owned_key (key_id text, owner text, epoch int, wrapped bytea);
create unlogged table journal.staged_suspect (subject_id text, other_id text);
create index staged_suspect_subject on journal.staged_suspect (subject_id);
"""

# Their owner may truncate and analyse them; on PostgreSQL 15 and 16 no grant gives the right to analyse.
_OWNER = """
grant create on schema journal to bus_ingest;
do $$
declare staged text;
begin
  for staged in select tablename from pg_tables where schemaname = 'journal' and tablename like 'staged%' loop
    execute format('alter table journal.%I owner to bus_ingest', staged);
  end loop;
end $$;
revoke create on schema journal from bus_ingest;
"""

_GRANTS = """
grant usage on schema journal to bus_ingest, bus_relay, bus_deliver, bus_guichet;
grant select, insert, update, delete on all tables in schema journal to bus_ingest;
grant usage on all sequences in schema journal to bus_ingest, bus_guichet;
grant select, delete on journal.outbox to bus_relay;
grant update (published_at) on journal.outbox to bus_relay;
grant select on all tables in schema journal to bus_guichet;
grant insert on journal.outbox to bus_guichet;
grant delete on journal.person, journal.contact, journal.suspect, journal.waiting, journal.quarantine, journal.spool,
  journal.spool_dossier to bus_guichet;
"""
