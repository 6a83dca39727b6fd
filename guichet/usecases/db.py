"""The database: its migrations, a reader's session."""

import shutil
import subprocess
from collections.abc import Sequence

from bus.db import migrate, reader_address
from bus.platform.postgres import binaries, database
from bus.settings import Settings


def upgrade(settings: Settings) -> None:
    """Apply the migrations that are missing.

    Raises:
        Unavailable: the database did not start.
    """
    with database(settings) as found:
        migrate(str(found.database_url))


def psql(settings: Settings, arguments: Sequence[str]) -> int:
    """Run psql on the report views, at this terminal, and give its own exit code; 2 is a server that is away."""
    with database(settings) as found:
        client = shutil.which("psql") or str(binaries() / "psql")
        address = reader_address(str(found.database_url))
        return subprocess.run([client, "--no-psqlrc", *arguments, address], check=False).returncode
