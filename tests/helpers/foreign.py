"""What the clients that are not ours are asked, and what they should say."""

import http.client
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from helpers import pages
from helpers.capture import Delivery
from helpers.clients import Read, as_json
from helpers.wait import eventually, listening
from standardwebhooks import Webhook

from bus.platform.ports import free_port

WEBHOOK = "verifier-un-webhook.md"
SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


@contextmanager
def receiving(desk: Path, folder: Path, language: str, *secrets: str) -> Iterator[tuple[int, Path]]:
    """Run the receiver of the page; gives its port and the file where it writes what it took."""
    port, file, said = free_port(), folder / "secrets", folder / f"{language}.log"
    file.write_text("\n".join(secrets), encoding="ascii")
    env = pages.environment({"PORT": str(port), "SECRETS": str(file)})
    command = ["sh", "-euc", pages.blocks(WEBHOOK)[f"lancer-{language}"]]
    with said.open("wb") as out:
        process = subprocess.Popen(command, cwd=desk, env=env, stdout=out, stderr=out, start_new_session=True)
    try:
        eventually(lambda: listening(port), timeout=30, what=f"the receiver in {language} listening")
        yield port, said
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def post(port: int, headers: dict[str, str], body: bytes) -> int:
    """Send a delivery again as it came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        kept = {name: headers[name] for name in (*SIGNED, "content-type") if name in headers}
        connection.request("POST", "/bus", body, kept)
        return connection.getresponse().status
    finally:
        connection.close()


def signed(secret: str, delivery: Delivery, *, at: datetime) -> dict[str, str]:
    """Sign a delivery anew with the reference library."""
    name = delivery.headers["webhook-id"]
    signature = Webhook(secret).sign(name, at, delivery.body.decode())
    stamp = str(int(at.timestamp()))
    return delivery.headers | {"webhook-timestamp": stamp, "webhook-signature": signature}


def rotated(delivery: Delivery) -> bool:
    return " " in delivery.headers["webhook-signature"]


def lines(output: str) -> dict[tuple[str, int, int], dict[str, Any]]:
    """Read what the reader in JavaScript wrote, by place; each record once."""
    records = [json.loads(line) for line in output.splitlines()]
    found = {(one["topic"], one["partition"], one["offset"]): one for one in records}
    assert len(found) == len(records)
    return found


def expected(record: Read) -> dict[str, Any]:
    """Say a record as the reader in JavaScript says it."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "cle": record.key,
        "entetes": record.headers,
        "evenement": as_json(record.event),
    }
