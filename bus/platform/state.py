"""``plateforme.json``: addresses and pids of a running platform, and what is true of them now; it holds no secret."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from bus.platform import probes, prometheus
from bus.platform.process import Identity
from bus.settings import PLATFORM_FILE, Settings

PlatformState = dict[str, Any]
EMPTY: Final[Mapping[str, Mapping[str, None]]] = {
    "kafka": {"bootstrap_servers": None},
    "registre": {"url": None},
    "base": {"dsn": None},
}


def platform_state(settings: Settings, pids: Mapping[str, int | None]) -> PlatformState:
    """Give the shape of ``bus dev status --json`` for servers that have just been found ready."""
    return {
        "donnees": str(settings.data_dir),
        "plateforme": {
            "kafka": {"bootstrap_servers": settings.kafka_bootstrap, "pid": pids.get("kafka"), "pret": True},
            "registre": {"url": settings.registry_url, "pid": pids.get("registre"), "pret": True},
            "base": {"dsn": settings.database_url, "pid": pids.get("base"), "pret": True},
        },
        "roles": [],
    }


def write(data_dir: Path, state: PlatformState) -> None:
    """Write it, atomically: a reader sees the one before or this one."""
    path = data_dir / PLATFORM_FILE
    partial = path.with_suffix(".tmp")
    partial.write_bytes(orjson.dumps(state, option=orjson.OPT_INDENT_2))
    partial.replace(path)


def remove(data_dir: Path) -> None:
    """Say that no platform runs here any more."""
    (data_dir / PLATFORM_FILE).unlink(missing_ok=True)


def observe(data_dir: Path) -> PlatformState:
    """Give the same shape with what is true now: pids that live, probes that pass; nulls when nothing runs.

    ``observation`` is there when ``bus dev up --observe`` started somebody who reads the metrics.
    """
    written = read(data_dir)
    servers = written.get("plateforme", EMPTY)
    observers = {name: _observer(data_dir, name, one) for name, one in written.get("observation", {}).items()}
    return {
        "donnees": str(data_dir),
        "plateforme": {name: _server(data_dir, name, servers[name]) for name in EMPTY},
        "roles": [_role(data_dir, role) for role in written.get("roles", [])],
        **({"observation": observers} if observers else {}),
    }


def all_ready(state: PlatformState) -> bool:
    """Say whether every server and every role is ready; who observes them is no part of the bus."""
    return bool(state) and all(one["pret"] for one in (*state["plateforme"].values(), *state["roles"]))


def _server(data_dir: Path, name: str, written: Mapping[str, Any]) -> PlatformState:
    probe = {"kafka": probes.kafka_ready, "registre": probes.registry_ready, "base": probes.base_ready}[name]
    address_key = next(iter(EMPTY[name]))
    address = written[address_key]
    identity = Identity.read(data_dir / "processus" / f"{name}.pid")
    # a container has no pid here: its address alone tells
    lives = address is not None and (identity is not None or written.get("pid") is None)
    return {address_key: address, "pid": identity and identity.pid, "pret": lives and probe(address)}


def _role(data_dir: Path, written: Mapping[str, Any]) -> PlatformState:
    identity = Identity.read(data_dir / "processus" / f"{written['role']}.pid")
    ready = identity is not None and probes.role_ready(written["metrics"])
    return {**written, "pid": identity and identity.pid, "pret": ready}


def _observer(data_dir: Path, name: str, written: Mapping[str, Any]) -> PlatformState:
    identity = Identity.read(data_dir / "processus" / f"{name}.pid")
    ready = identity is not None and prometheus.ready(written["url"])
    return {**written, "pid": identity and identity.pid, "pret": ready}


def read(data_dir: Path) -> PlatformState:
    """Give what the platform wrote last, empty when none runs."""
    try:
        state: PlatformState = orjson.loads((data_dir / PLATFORM_FILE).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return state
