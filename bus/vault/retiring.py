"""The end of an epoch: nothing is wrapped under it any more, then its key is destroyed wherever it lies."""

from typing import Final

from psycopg import errors

from bus import failpoints
from bus.vault import epochs, kek_files
from bus.vault import rotation_rules as rules
from bus.vault.epochs import Epoch, Epochs, Retired
from bus.vault.holding import mark_of, place_of
from bus.vault.rotation_site import Site


def retire(site: Site, old: Epoch) -> bool:
    """Take an epoch out of the vault, unless anything is, or is just being, wrapped under it; tells whether it went.

    The deletion waits for every transaction that holds the epoch, then the foreign keys look at all that is
    committed: no writer and no row escapes.
    """
    try:
        with site.conn.transaction():
            site.conn.execute("set local lock_timeout = '2s'")
            site.conn.execute(_TO_RETIRED, (site.mark(old), old.epoch))
            site.conn.execute("delete from vault.epoch where epoch = %s", (old.epoch,))
            failpoints.hit("rotate.mid_retire")
    except errors.ForeignKeyViolation:
        return False
    except errors.LockNotAvailable:
        site.telling.say(f"attente : une transaction tient encore l’époque {old.epoch}")
        return False
    site.telling.say(f"époque {old.epoch} : plus aucune clé n’en dépend")
    failpoints.hit("rotate.after_retire")
    return True


def sweep(site: Site) -> None:
    """Destroy again what came back, from a backup of a folder or a copy made in the same instant."""
    for one in epochs.load(site.conn).retired:
        for folder in site.folders:
            kek_files.destroy(folder, one.epoch, one.fingerprint)


def destroy(site: Site, known: Epochs) -> list[int]:
    """Destroy the keys of the retired epochs, and give the epochs once no place holds one any more.

    Raises:
        Refused: a place still holds one, or has not confirmed that it does not, when the patience is over.
    """
    doomed = [one for one in known.retired if one.destroyed_at is None]
    for one in doomed:
        for folder in site.folders:
            kek_files.destroy(folder, one.epoch, one.fingerprint)
            failpoints.hit("rotate.mid_destroy")
    site.wait(lambda: _kept(site), _KEPT)
    for one in doomed:
        _record(site, one)
    return [one.epoch for one in doomed]


def _kept(site: Site) -> str:
    retired = epochs.load(site.conn).retired
    for folder in site.folders:
        if not any(one.fingerprint and kek_files.remains(folder, one.epoch, one.fingerprint) for one in retired):
            site.conn.execute(_SEEN_GONE, (mark_of(place_of(folder)),))
    holders = rules.still_holding(epochs.load(site.conn))
    return rules.kept(holders) if holders else ""


def _record(site: Site, one: Retired) -> None:
    site.conn.execute(
        "update vault.epoch_retired set destroyed_at = now() where epoch = %s and destroyed_at is null", (one.epoch,)
    )
    site.telling.say(f"époque {one.epoch} : détruite")
    failpoints.hit("rotate.after_destroy")


_KEPT: Final = (
    "démarrez ce rôle, qui détruit le fichier, ou détruisez-le dans son dossier ; si le lieu n’existe plus, "
    "bus vault oublier LIEU ; puis relancez"
)
# A role that does not run cannot say that its folder, seen by this run, is clean.
_SEEN_GONE: Final = """
delete from vault.holder h using vault.epoch_retired r
 where h.epoch = r.epoch and h.fingerprint = r.fingerprint and right(h.place, 9) = %s
"""
_TO_RETIRED: Final = """
insert into vault.epoch_retired (epoch, fingerprint, created_at, in_force_at)
select epoch, coalesce(fingerprint, %s), created_at, in_force_at from vault.epoch where epoch = %s
on conflict (epoch) do update set destroyed_at = null
"""
