"""The report views that an operator or a DPO reads with psql, and the role that reads them and nothing else.

No view shows a value of a person, a subject, the name of a file (a name can hold one) or any sealed content.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the role, the views and the comments by which they explain themselves."""
    op.execute(_ROLE)
    op.execute(_FLUX)
    op.execute(_JOUR)
    op.execute(_QUARANTAINE)
    op.execute(_GRANTS)


def downgrade() -> None:
    """Take the views away. The role stays: it belongs to the server, not to this database, and owns nothing."""
    op.execute(
        "drop view journal.rapport_quarantaine, journal.rapport_jour, journal.rapport_flux;"
        "drop index journal.outbox_flux;"
        "revoke usage on schema journal from bus_lecture"
    )


# Its settings hold at its own login: read only whatever it is granted one day, days of Paris, no endless query.
_ROLE = """
do $$
begin
  if not exists (select from pg_roles where rolname = 'bus_lecture') then
    create role bus_lecture login;
  end if;
  grant bus_lecture to current_user;
end $$;
alter role bus_lecture set default_transaction_read_only = on;
alter role bus_lecture set statement_timeout = '60s';
alter role bus_lecture set search_path = journal;
alter role bus_lecture set timezone = 'Europe/Paris';
"""

# The relay publishes in order and the flux's own event is the last of its transaction: once it is published, all are.
# Rows of one transaction share now(), which is also the flux's decided_at: so what is still owed is counted by flux.
_FLUX = """
create index outbox_flux on journal.outbox (key) where type in ('flux.traite', 'flux.rejete');
create view journal.rapport_flux as
select f.flux_id as flux,
       f.source,
       f.emetteur,
       f.authority as autorite,
       f.natflux as nature,
       f.typeflux as periodicite,
       f.dtref as reference,
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

comment on view journal.rapport_flux is
  'Une ligne par flux reçu (un fichier d’une source), sans valeur de personne ni nom de fichier.';
comment on column journal.rapport_flux.flux is 'identifiant : sha256 des octets du fichier';
comment on column journal.rapport_flux.source is 'cnaf (droits, fichiers VRSB) ou contact (coordonnées)';
comment on column journal.rapport_flux.emetteur is
  'organisme qui émet la majorité des enregistrements, ex. cnaf/caf-521';
comment on column journal.rapport_flux.autorite is
  'autorité de la majorité des enregistrements ; vide si aucune n’est connue';
comment on column journal.rapport_flux.nature is 'NATFLUX de l’en-tête ; vide pour les contacts';
comment on column journal.rapport_flux.periodicite is 'TYPEFLUX : M mensuel, I quotidien, R reprise';
comment on column journal.rapport_flux.reference is 'DTREF de l’en-tête';
comment on column journal.rapport_flux.recu_le is 'réception complète du fichier';
comment on column journal.rapport_flux.decide_le is 'transaction qui a rendu le verdict';
comment on column journal.rapport_flux.verdict is
  'accepte ou rejete (un doublon n’est pas un flux : ses octets sont déjà là)';
comment on column journal.rapport_flux.motif is
  'pourquoi le flux est rejeté : vide, encodage, xml, interdit, schema, compteur, territoire, antidate, taille';
comment on column journal.rapport_flux.lus is 'enregistrements lus (dossiers, ou lignes de contacts)';
comment on column journal.rapport_flux.valides is 'enregistrements retenus ; 0 si le flux est rejeté';
comment on column journal.rapport_flux.rejets is 'enregistrements illisibles, mis de côté';
comment on column journal.rapport_flux.hors_perimetre is 'enregistrements d’une autorité non desservie';
comment on column journal.rapport_flux.effaces is 'personnes effacées, écartées à la lecture';
comment on column journal.rapport_flux.en_attente is 'lignes de contact sans personne connue à la réception';
comment on column journal.rapport_flux.evenements is 'événements décidés, celui du flux compris';
comment on column journal.rapport_flux.publies is 'événements que Kafka a accusés';
comment on column journal.rapport_flux.publie_le is
  'publication du dernier événement du flux ; vide tant qu’il en reste, ou au bout de 12 mois';
comment on column journal.rapport_flux.delai is 'de recu_le à publie_le';
comment on column journal.rapport_flux.evenements_par_type is 'nombre d’événements décidés, par type (jsonb)';
"""

_JOUR = """
create view journal.rapport_jour as
select (f.recu_le at time zone 'Europe/Paris')::date as jour,
       f.autorite,
       f.source,
       count(*) as flux,
       count(*) filter (where f.verdict = 'accepte') as acceptes,
       count(*) filter (where f.verdict = 'rejete') as rejetes,
       sum(f.lus) as lus,
       sum(f.valides) as valides,
       sum(f.rejets) as rejets,
       sum(f.hors_perimetre) as hors_perimetre,
       sum(f.effaces) as effaces,
       sum(f.en_attente) as en_attente,
       sum(f.evenements)::bigint as evenements,
       sum(f.publies)::bigint as publies,
       percentile_disc(0.5) within group (order by f.delai) as delai_median,
       max(f.delai) as delai_max,
       (select coalesce(jsonb_object_agg(t.type, t.nombre), '{}')
          from (select e.key as type, sum(e.value::bigint) as nombre
                  from unnest(array_agg(f.evenements_par_type)) as par_type, jsonb_each_text(par_type) e
                 group by e.key) t) as evenements_par_type
  from journal.rapport_flux f
 group by jour, f.autorite, f.source;

comment on view journal.rapport_jour is
  'Une ligne par jour de réception (heure de Paris), autorité et source : sommes de rapport_flux.';
comment on column journal.rapport_jour.jour is 'jour de réception, heure de Paris';
comment on column journal.rapport_jour.autorite is 'autorité des flux ; vide si aucune n’est connue';
comment on column journal.rapport_jour.source is 'cnaf ou contact';
comment on column journal.rapport_jour.flux is 'flux reçus, doublons non comptés';
comment on column journal.rapport_jour.acceptes is 'flux acceptés';
comment on column journal.rapport_jour.rejetes is 'flux rejetés';
comment on column journal.rapport_jour.lus is 'enregistrements lus';
comment on column journal.rapport_jour.valides is 'enregistrements retenus';
comment on column journal.rapport_jour.rejets is 'enregistrements illisibles, mis de côté';
comment on column journal.rapport_jour.hors_perimetre is 'enregistrements d’une autorité non desservie';
comment on column journal.rapport_jour.effaces is 'personnes effacées, écartées à la lecture';
comment on column journal.rapport_jour.en_attente is 'lignes de contact sans personne connue à la réception';
comment on column journal.rapport_jour.evenements is 'événements décidés';
comment on column journal.rapport_jour.publies is 'événements que Kafka a accusés';
comment on column journal.rapport_jour.delai_median is 'médiane, par flux, de la réception à la publication';
comment on column journal.rapport_jour.delai_max is 'le plus long de ces délais';
comment on column journal.rapport_jour.evenements_par_type is 'nombre d’événements décidés, par type (jsonb)';
"""

_QUARANTAINE = """
create view journal.rapport_quarantaine as
select 'lecture' as etape,
       case q.code when 'absent' then 'Un élément obligatoire manque ou est vide.'
                   when 'valeur' then 'Une valeur n’est pas de celles que le format permet.'
                   when 'date' then 'Une date ne se lit pas.'
                   when 'taille' then 'L’enregistrement dépasse la taille permise.'
                   else q.code end as raison,
       q.code,
       q.chemin,
       q.created_at as depuis,
       null::timestamptz as jusqu_au,
       f.source,
       f.emetteur,
       f.authority as autorite,
       q.flux_id as flux,
       q.rank as rang
  from journal.quarantine q left join journal.flux f using (flux_id)
union all
select 'rapprochement',
       'Aucune personne n’est encore connue pour cette ligne de contact.',
       'attente',
       null,
       f.received_at,
       w.expires_at,
       f.source,
       f.emetteur,
       f.authority,
       w.flux_id,
       w.rank
  from journal.waiting w left join journal.flux f using (flux_id);

comment on view journal.rapport_quarantaine is
  'Une ligne par enregistrement mis de côté à la réception : où et pourquoi, jamais son contenu.';
comment on column journal.rapport_quarantaine.etape is
  'lecture (illisible, à réparer) ou rapprochement (contact qui attend sa personne)';
comment on column journal.rapport_quarantaine.raison is 'le code, en clair';
comment on column journal.rapport_quarantaine.code is 'absent, valeur, date, taille ou attente';
comment on column journal.rapport_quarantaine.chemin is 'élément en cause, sans sa valeur';
comment on column journal.rapport_quarantaine.depuis is 'mise de côté';
comment on column journal.rapport_quarantaine.jusqu_au is 'fin de l’attente d’une ligne de contact';
comment on column journal.rapport_quarantaine.source is 'cnaf ou contact';
comment on column journal.rapport_quarantaine.emetteur is 'organisme qui émet la majorité du flux';
comment on column journal.rapport_quarantaine.autorite is 'autorité de la majorité du flux';
comment on column journal.rapport_quarantaine.flux is 'le flux, comme dans rapport_flux';
comment on column journal.rapport_quarantaine.rang is 'rang de l’enregistrement dans son fichier, à partir de 1';
"""

_GRANTS = """
grant usage on schema journal to bus_lecture;
grant select on journal.rapport_flux, journal.rapport_jour, journal.rapport_quarantaine to bus_lecture;
"""
