"""The first half of a rotation: a key is drawn, reaches every role, and its epoch comes into force."""

from bus import failpoints
from bus.vault import epochs, kek_files
from bus.vault import rotation_rules as rules
from bus.vault.epochs import Epoch, Epochs
from bus.vault.retiring import retire
from bus.vault.rotation_site import Site


def draw(site: Site, known: Epochs) -> None:
    """Draw the key of a new epoch; its file comes first, so that an epoch in the vault always has one."""
    number = rules.next_epoch(known)
    kek_files.draw(kek_files.path_of(site.folders.ingest, number))
    failpoints.hit("rotate.after_draw")
    site.conn.execute(
        "insert into vault.epoch (epoch, fingerprint) values (%s, %s)", (number, site.ring.fingerprint(number))
    )
    site.telling.say(f"époque {number} : clé tirée")
    failpoints.hit("rotate.after_declare")


def hand_out(site: Site, known: Epochs) -> None:
    """Put the newest epoch into force once every role holds its key.

    Raises:
        Refused: a role does not show that it follows; or a folder holds another key.
    """
    new = rules.target(known)
    if not kek_files.matches(site.folders.ingest, new.epoch, new.fingerprint):
        # Lost, or replaced, before anything was wrapped under it: another one is drawn. A role may hold this one
        # still: its number is retired with it, so that no two keys ever have the same.
        retire(site, new)
        draw(site, epochs.load(site.conn))
        return
    if site.folders.deliver is not None:
        for one in known.alive:
            kek_files.hand_out(site.folders.ingest, site.folders.deliver, one.epoch, one.fingerprint)
    site.everywhere(new)
    failpoints.hit("rotate.after_hand_out")
    wait_for_roles(site, new)
    site.conn.execute("update vault.epoch set in_force_at = now() where epoch = %s", (new.epoch,))
    site.telling.say(f"époque {new.epoch} : en vigueur, les nouvelles clés en dépendent")
    failpoints.hit("rotate.after_switch")


def wait_for_roles(site: Site, new: Epoch) -> None:
    """Wait until every role has shown that it holds an epoch.

    Raises:
        Refused: one has not, when the patience is over.
    """

    def missing() -> str:
        lack = rules.lacking(epochs.load(site.conn), new, site.folders.roles)
        return rules.told(lack, new.epoch) if lack else ""

    advice = f"copiez kek.{new.epoch} dans son dossier de secrets (mode 0600), ou démarrez-le, puis relancez"
    site.wait(missing, advice)
