"""The secrets that a new deployment draws for itself, a folder a role."""

from pathlib import Path

from bus.vault.kek_files import copy_missing, draw


def create_secrets(secrets_dir: Path) -> None:
    """Draw what a new deployment lacks: pepper, register key, pseudonym key, first KEK; existing files stay.

    ``ingest/`` and ``deliver/`` hold what each role needs and nothing more; files are readable by their owner only.
    """
    ingest, deliver = secrets_dir / "ingest", secrets_dir / "deliver"
    for folder in (secrets_dir, ingest, deliver, deliver / "abonnements"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("pepper", "registre"):
        draw(ingest / name)
    draw(deliver / "pseudonyme")
    if not list(ingest.glob("kek.*")):
        if list(deliver.glob("kek.*")):
            copy_missing(deliver, ingest)  # lost on one side: another one would open nothing
        else:
            draw(ingest / "kek.1")
    copy_missing(ingest, deliver)
