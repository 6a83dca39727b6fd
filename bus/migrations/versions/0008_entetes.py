"""What a header says goes into one column, whatever its source; the kind of each file is kept beside it.

The report views keep their columns: ``bus_lecture`` sees no difference.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the five fields of VRSB headers into ``entete``, name the kind of each flux, free the columns."""
    op.execute(_MOVE)
    op.execute(_VIEW.format(nature="entete ->> 'natflux'", type="entete ->> 'typeflux'", ref="entete ->> 'dtref'"))
    op.execute(_DROP)
    op.execute(_INDEX)


def downgrade() -> None:
    """Give the five fields their columns back. Which contact files have no index is told by their source again."""
    op.execute(_BACK)
    op.execute(_VIEW.format(nature="natflux", type="typeflux", ref="dtref"))
    op.execute("alter table journal.flux drop column entete, drop column kind")


_MOVE = """
alter table journal.flux add column kind text, add column entete jsonb not null default '{}';
update journal.flux set
  kind = case when source = 'contact' then 'contact'
              when typeflux = 'I' then 'cnaf-quotidien'
              when typeflux = 'M' then 'cnaf-mensuel'
              when typeflux = 'R' then 'cnaf-reprise'
              else 'cnaf-illisible' end,
  entete = jsonb_strip_nulls(jsonb_build_object(
    'natflux', natflux, 'typeflux', typeflux, 'dtref', dtref, 'dtcreaflux', dtcreaflux, 'heucreaflux', heucreaflux));
alter table journal.flux alter column kind set not null;
comment on column journal.flux.kind is 'sorte de fichier, comme l’étiquette source des métriques';
comment on column journal.flux.entete is 'ce que dit l’en-tête du fichier ; vide quand il n’en a pas';
"""

_DROP = """
alter table journal.flux
  drop column natflux, drop column typeflux, drop column dtref, drop column dtcreaflux, drop column heucreaflux;
"""

# Contact files have never listed their dossiers: an erasure destroys every refused one, and now reads so in one place.
_INDEX = "update journal.spool set index_complete = false where source = 'contact'"

_BACK = """
alter table journal.flux
  add column natflux text, add column typeflux text, add column dtref text, add column dtcreaflux text,
  add column heucreaflux text;
update journal.flux set natflux = entete ->> 'natflux', typeflux = entete ->> 'typeflux', dtref = entete ->> 'dtref',
  dtcreaflux = entete ->> 'dtcreaflux', heucreaflux = entete ->> 'heucreaflux';
"""

# The view of revision 0004, its columns word for word; only where three of them come from differs.
_VIEW = """
create or replace view journal.rapport_flux as
select f.flux_id as flux,
       f.source,
       f.emetteur,
       f.authority as autorite,
       {nature} as nature,
       {type} as periodicite,
       {ref} as reference,
       f.received_at as recu_le,
       f.decided_at as decide_le,
       f.verdict,
       f.motif,
       f.lus,
       f.valides,
       f.rejets,
       f.hors_perimetre,
       f.effaces,
       f.en_attente,
       e.evenements,
       e.evenements - coalesce(w.restants, 0) as publies,
       o.published_at as publie_le,
       o.published_at - f.received_at as delai,
       f.evenements as evenements_par_type
  from journal.flux f
 cross join lateral (select coalesce(sum(value::bigint), 0)::bigint as evenements
                       from jsonb_each_text(f.evenements)) e
  left join (select created_at, count(*) as restants from journal.outbox where published_at is null
              group by created_at) w on w.created_at = f.decided_at
  left join journal.outbox o on o.key = f.flux_id and o.type in ('flux.traite', 'flux.rejete');
"""
