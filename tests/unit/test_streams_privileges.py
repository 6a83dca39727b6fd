"""The stream role cannot open anything: what it loads holds no key, no vault and no database."""

import subprocess
import sys

FORBIDDEN = ("bus.vault", "bus.sealing", "bus.db", "bus.platform.postgres", "psycopg", "cryptography")


def test_the_stream_role_loads_neither_keys_nor_a_database() -> None:
    script = f"""
import sys
import guichet.cli, guichet.commands.stream, streams.role
print([name for name in {FORBIDDEN!r} if name in sys.modules])
"""

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)

    assert done.stdout.strip() == "[]"


def test_the_watch_role_loads_neither_keys_nor_a_database() -> None:
    script = f"""
import sys
import guichet.cli, guichet.commands.watch, watch.role
print([name for name in {FORBIDDEN!r} if name in sys.modules])
"""

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)

    assert done.stdout.strip() == "[]"
