"""T8: signed webhooks from a full ledger to recorded results, 100 endpoints, one sink (``bench.sink``)."""

import sys
from pathlib import Path

import psycopg

from bench.process import BUS, cpu_of, run
from bench.roles import number, platform, role, running, wait
from bench.table import Row
from bus import topics
from bus.kafka import consumer
from bus.settings import Settings
from bus.territory import authority_codes
from guichet.demo.subscriber import secret_file, subscription

_DELIVERED = "select count(*) from ledger.delivery where etat = 'livree'"
_SPAN = "select extract(epoch from max(at) - min(at)) from ledger.attempt"


def rows(folder: Path, *, port: int, endpoints: int = 100, households: int = 150) -> list[Row]:
    """Bring events of 100 authorities to their topics, then measure `bus deliver` emptying them."""
    codes = [code for code in authority_codes() if not code.startswith("69")][:endpoints]
    world, data = _world(folder, codes, households), folder / "t8"
    with platform(data) as (servers, env):
        _subscribe(data, env, codes, port)
        files = sorted(map(str, world.glob("*RSABEM*")))
        run([*BUS, "ingest", *files, "--source", "cnaf", "--json"], env)
        _carry(servers.settings, env, folder, env["BUS_DATABASE_URL"])
        return _drain(data, env, folder, port)


def _world(folder: Path, codes: list[str], households: int) -> Path:
    out = folder / f"monde-{len(codes)}-autorites"
    if not out.exists():
        chosen = [part for code in codes for part in ("--authority", code)]
        sizes = ["--seed", "1", "--households", str(households), "--months", "1", "--dailies", "0", "--anomalies", "0"]
        run([*BUS, "synth", *chosen, *sizes, "--contacts", "0", "--out", str(out)], {})
    return out


def _subscribe(data: Path, env: dict[str, str], codes: list[str], port: int) -> None:
    secret_file(data, "banc")
    deliver = env | {"BUS_SECRETS_DIR": str(data / "secrets" / "deliver")}
    for code in codes:
        name = f"banc-{code.lower()}"
        file = data / f"{name}.toml"
        file.write_text(subscription(name, (code,), port=port, types=("rsa.*",), shares="banc"), encoding="utf-8")
        run([*BUS, "subscription", "apply", str(file), "--json"], deliver)


def _carry(settings: Settings, env: dict[str, str], folder: Path, dsn: str) -> None:
    """Let relay and stream bring everything to the authority topics."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        events = number(conn, "select count(*) from journal.outbox where topic = 'evenements'")
    stream = {k: v for k, v in env.items() if k not in ("BUS_DATABASE_URL", "BUS_SECRETS_DIR")}
    with (
        role("relay", env, folder / "relay.log"),
        role("stream", stream | {"BUS_STATE_DIR": str(folder / "t8-etat")}, folder / "stream.log") as process,
    ):
        wait(lambda: routed(settings) >= events, process, f"{events} events routed")


def routed(settings: Settings) -> int:
    """Count the records of all authority topics."""
    from confluent_kafka import TopicPartition

    reader = consumer(settings, "banc")
    try:
        ends = (reader.get_watermark_offsets(TopicPartition(topics.departement(code), 0), timeout=30)
                for code in authority_codes())  # fmt: skip
        return sum(high for _, high in ends)
    finally:
        reader.close()


def _drain(data: Path, env: dict[str, str], folder: Path, port: int) -> list[Row]:
    deliver, sunk = env | {"BUS_SECRETS_DIR": str(data / "secrets" / "deliver")}, folder / "sink.log"
    with (
        psycopg.connect(env["BUS_DATABASE_URL"], autocommit=True) as conn,
        running([sys.executable, "-m", "bench.sink", str(port)], env, sunk),
        role("deliver", deliver, folder / "deliver.log") as process,
    ):
        expected = routed(Settings(kafka_bootstrap=env["BUS_KAFKA_BOOTSTRAP"]))
        wait(lambda: number(conn, _DELIVERED) >= expected, process, f"{expected} deliveries")
        cpu, seconds = cpu_of(process.pid), number(conn, _SPAN)
    assert int(sunk.read_text("ascii")) >= expected, "what the ledger says was delivered did not reach the sink"
    return [
        Row("T8", f"{expected} webhooks, 100 endpoints, plain HTTP, sink on the same cores",
            f"{expected / seconds:.0f}/s", "≥ 1,000/s (first light)"),
        Row("T8", "dispatcher's own CPU, intake and start-up included", f"{1e6 * cpu / expected:.0f} µs/event", ""),
    ]  # fmt: skip
