"""What ``bus vault status`` shows: epochs, keys under each, who holds them, and whether something must be done."""

from datetime import UTC, datetime
from typing import Any

import psycopg

from bus.vault import epochs
from bus.vault import rotation_rules as rules
from bus.vault.epochs import Epoch, Epochs
from bus.vault.rewrapping import TABLES

EpochReport = dict[str, Any]


def report(conn: psycopg.Connection) -> EpochReport:
    """Give the state of the epochs, under the keys of ``--json``; times are UTC, ages in days."""
    known, now = epochs.load(conn), datetime.now(UTC)
    keys, current, age = _keys(conn), rules.in_force(known), rules.age(known, now)
    alive = {one.epoch for one in known.alive}
    return {
        "epoque": current.epoch if current else None,
        "age_jours": round(age.total_seconds() / 86400, 2),
        "a_renouveler": age > rules.MAX_AGE,
        "rotation": rules.phase(known).value,
        "cles_a_rechiffrer": sum(
            count for epoch, count in keys.items() if known.alive and epoch != known.alive[-1].epoch
        ),
        "epoques": [_epoch(one, current, keys.get(one.epoch, 0)) for one in known.alive],
        "retirees": [
            {"epoque": one.epoch, "retiree_le": one.retired_at, "detruite_le": one.destroyed_at}
            for one in known.retired
        ],
        "detenteurs": _holders(known, alive),
    }


def finding(found: EpochReport) -> bool:
    """Tell whether somebody has something to do."""
    kept = any(one["epoques_retirees"] for one in found["detenteurs"])
    return bool(found["a_renouveler"] or found["rotation"] != rules.Phase.IDLE or kept)


def _epoch(one: Epoch, current: Epoch | None, keys: int) -> EpochReport:
    state = "en_vigueur" if one is current else "distribuee" if one.in_force_at is None else "ancienne"
    return {"epoque": one.epoch, "etat": state, "depuis": one.in_force_at or one.created_at, "cles": keys}


def _holders(known: Epochs, alive: set[int]) -> list[EpochReport]:
    return [
        {
            "role": one.role.removeprefix("bus_"),
            "lieu": one.place,
            "epoques": sorted(one.held.keys() & alive),
            "epoques_retirees": rules.retired_held(known, one),
            "vu_il_y_a_s": round(one.silence, 1),
            "actif": rules.running(one),
        }
        for one in known.holders
    ]


def _keys(conn: psycopg.Connection) -> dict[int, int]:
    """Count the keys under each epoch."""
    every = " union all ".join(f"select epoch from {schema}.{table}" for schema, table in TABLES)  # noqa: S608 - our names
    query = f"select epoch, count(*) from ({every}) k group by 1"  # noqa: S608 - as above
    return dict(conn.execute(query.encode()).fetchall())
