import asyncio
import stat
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from bus.signature import sign
from kit.inbox import Inbox, recover
from kit.receiver import Behaviour, Message, Receiver, serve
from kit.state import Ledger

KEY = b"k" * 32
HONEST = Behaviour()


def body(sequence: int, subject: str = "p-1") -> dict[str, Any]:
    return {"id": f"{subject}-{sequence}", "abonnement": "a", "subject": subject, "sequence": sequence}


def message(webhook_id: str, content: dict[str, Any], *, key: bytes = KEY, **headers: str) -> Message:
    octets, now = orjson.dumps(content), int(time.time())
    signed = {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(key, webhook_id, now, octets),
    }
    return Message("POST", signed | {name.replace("_", "-"): value for name, value in headers.items()}, octets)


def answers(
    messages: list[Message], out: Path | None = None, behaviour: Behaviour = HONEST
) -> tuple[list[int], Ledger]:
    async def run() -> tuple[list[int], Ledger]:
        receiver = Receiver([KEY], Inbox(out), recover(out), behaviour)
        return [(await receiver.answer(one))[0] for one in messages], receiver.ledger

    return asyncio.run(run())


def test_deliveries_in_order_are_counted_and_nothing_is_missing() -> None:
    codes, ledger = answers([message(f"m{n}", body(n)) for n in (1, 2, 3)])

    assert codes == [204, 204, 204]
    assert ledger.summary() == {
        "recues": 3, "doublons": 0, "refusees": 0, "trous": 0, "inversions": 0, "abonnements": {"a": 3},
    }  # fmt: skip


def test_a_copy_is_accepted_and_not_counted_twice() -> None:
    codes, ledger = answers([message("m1", body(1)), message("m1", body(1))])

    assert codes == [204, 204]
    assert (ledger.counts["recues"], ledger.counts["doublons"]) == (1, 1)


def test_a_missing_number_is_seen_unless_the_sender_said_so() -> None:
    _, silent = answers([message("m1", body(1)), message("m3", body(3))])
    _, told = answers([message("m1", body(1)), message("m3", body(3), webhook_gap="m2")])

    assert silent.counts["trous"] == 1
    assert told.counts["trous"] == 0


def test_a_number_that_comes_late_is_an_inversion() -> None:
    _, ledger = answers([message("m2", body(2)), message("m1", body(1))])

    assert ledger.counts["inversions"] == 1


def test_a_wrong_signature_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "recu.jsonl"

    codes, ledger = answers([message("m1", body(1), key=b"other" * 8)], out)

    assert codes == [401]
    assert ledger.counts["refusees"] == 1
    assert out.read_bytes() == b""


@pytest.mark.parametrize("content", [{}, {"abonnement": "a"}, {"abonnement": "a", "id": "1", "sequence": "x"}])
def test_a_signed_body_that_is_no_delivery_is_a_bad_request(content: dict[str, Any]) -> None:
    codes, _ = answers([message("m1", content)])

    assert codes == [400]


def test_what_is_kept_is_readable_by_its_owner_only_and_survives_a_restart(tmp_path: Path) -> None:
    out = tmp_path / "recu.jsonl"
    out.touch(mode=0o644)
    answers([message("m1", body(1))], out)

    _, again = answers([message("m1", body(1)), message("m2", body(2))], out)

    lines = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [line["webhook_id"] for line in lines] == ["m1", "m1", "m2"]
    assert [line["doublon"] for line in lines] == [False, True, False]
    assert lines[0]["corps"] == body(1)
    assert again.counts["trous"] == 0


def test_a_line_cut_by_a_crash_is_dropped_so_that_the_next_one_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "recu.jsonl"
    answers([message("m1", body(1))], out)
    with out.open("ab") as file:
        file.write(b'{"webhook_id": "m2", "cor')

    answers([message("m2", body(2))], out)

    assert [orjson.loads(line)["webhook_id"] for line in out.read_bytes().splitlines()] == ["m1", "m2"]


def test_a_receiver_told_to_misbehave_keeps_nothing() -> None:
    codes, ledger = answers([message("m1", body(1))], behaviour=Behaviour(status=410))

    assert codes == [410]
    assert ledger.counts["recues"] == 0


def test_a_get_shows_the_counts() -> None:
    async def run() -> tuple[int, bytes]:
        return await Receiver([KEY], Inbox(None), Ledger(), Behaviour()).answer(Message("GET", {}, b""))

    status, shown = asyncio.run(run())

    assert status == 200
    assert orjson.loads(shown)["recues"] == 0


def exchange(*pieces: bytes) -> bytes:
    """Send pieces to a receiver that listens, one after the other; gives the head of what came back."""

    async def run() -> bytes:
        stop, ports = asyncio.Event(), asyncio.Queue[int]()
        receiver = Receiver([KEY], Inbox(None), Ledger(), HONEST)
        served = asyncio.create_task(serve(0, receiver, stop, listening=ports.put_nowait))
        reader, writer = await asyncio.open_connection("127.0.0.1", await ports.get())
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        writer.close()
        stop.set()
        await served
        return head

    return asyncio.run(run())


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_message_that_comes_in_pieces_is_one_message(cut: int) -> None:
    one = message("m1", body(1))
    lines = "".join(f"{name}: {value}\r\n" for name, value in one.headers.items())
    octets = f"POST /bus HTTP/1.1\r\nHost: r\r\nContent-Length: {len(one.body)}\r\n{lines}\r\n".encode() + one.body

    assert exchange(octets[:cut], octets[cut:]).startswith(b"HTTP/1.1 204 ")


def test_a_get_over_http_shows_the_counts_and_keeps_the_connection() -> None:
    head = exchange(b"GET / HTTP/1.1\r\nHost: r\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" not in head.lower()


@pytest.mark.parametrize(
    "octets",
    [
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: r\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: r\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: r\r\nContent-Length: 99999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"x" * 20_000,
    ],
)
def test_what_is_no_message_of_known_length_is_refused(octets: bytes) -> None:
    assert exchange(octets).startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 "))
