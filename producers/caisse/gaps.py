"""Gaps between what a bénéficiaire file announces and what it holds, as long as they are not made good."""

from collections.abc import Mapping
from typing import Final

import psycopg

# The last copy of each header that announced another number than it held, for as long as the copy is kept; a copy with
# the same header makes it good, or a later whole statement of the same emitter.
_GAPS: Final = """
with files as (
  select *, entete ->> 'typeflux' as type, entete ->> 'dtcreaflux' as jour, entete ->> 'heucreaflux' as heure
    from journal.flux where source = %(source)s)
select kind, coalesce(sum(ecart) filter (where ecart > 0), 0), coalesce(sum(ecart) filter (where ecart < 0), 0)
  from (select distinct on (emetteur, type, jour, heure) * from files
         where ecart <> 0 and received_at > now() - interval '30 days'
         order by emetteur, type, jour, heure, received_at desc) short
 where not exists (
   select from files good
    where good.verdict = 'accepte' and good.emetteur = short.emetteur and (
          (good.type, good.jour, good.heure) = (short.type, short.jour, short.heure)
          or (good.type in ('M', 'R') and good.jour >= short.jour and good.received_at > short.received_at)))
 group by 1
"""


def gaps(conn: psycopg.Connection, source: str) -> Mapping[str, int]:
    """Give by kind how many records are missing, or too many (below zero)."""
    return {kind: _larger(more, less) for kind, more, less in conn.execute(_GAPS, {"source": source})}


def _larger(more: int, less: int) -> int:
    """Give the larger of what is missing and what is too much: one must not hide the other by cancelling it."""
    return more if more >= -less else less
