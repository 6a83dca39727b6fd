"""The webhook transport against receivers that behave badly on real sockets."""

import asyncio
import contextlib
import datetime as dt
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bus.platform.ports import free_port
from consumers.connectors.port import Answer
from consumers.connectors.webhook.outcome import Outcome
from consumers.connectors.webhook.transport import ANSWER_LIMIT, Limits, Post, Transport

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LOCAL = Limits(total=1.0, connect=0.5, private_addresses=True)
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    return head + await reader.readexactly(length)


def always(answer: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(answer)

    return serve


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await asyncio.sleep(0.05)


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.close()


def exchange(
    serve: Serve, *, count: int = 1, host: str = "127.0.0.1", limits: Limits = LOCAL, tls: ssl.SSLContext | None = None
) -> tuple[list[Answer], int]:
    """Post ``count`` times, one after the other; gives the answers and how many connections were made."""

    async def run() -> tuple[list[Answer], int]:
        connections: list[asyncio.StreamWriter] = []

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.append(writer)
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await serve(reader, writer)
            writer.close()

        server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        transport = Transport(loop, limits)
        answers = []
        for _ in range(count):
            done: asyncio.Future[Answer] = loop.create_future()
            url = f"{'https' if tls else 'http'}://{host}:{port}/bus"
            transport.post(Post(url, ("Content-Type: application/cloudevents+json", "Expect:"), b"{}"), done.set_result)
            answers.append(await asyncio.wait_for(done, 30))
        transport.close()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        return answers, len(connections)

    return asyncio.run(run())


def test_a_connection_is_kept_for_the_next_delivery() -> None:
    answers, connections = exchange(always(OK), count=20)

    assert {answer.code for answer in answers} == {204}
    assert connections == 1


@pytest.mark.parametrize("serve", [hang, drip])
def test_one_deadline_covers_connection_headers_and_body(serve: Serve) -> None:
    started = time.monotonic()

    (answer,), _ = exchange(serve)

    assert answer.outcome is Outcome.TIMEOUT
    assert 0.9 < time.monotonic() - started < 5


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(code: int) -> None:
    (answer,), connections = exchange(always(b"HTTP/1.1 %d R\r\nLocation: /bus\r\nContent-Length: 0\r\n\r\n" % code))

    assert (answer.outcome, answer.code, connections) == (Outcome.HTTP_4XX, code, 1)


def test_a_huge_answer_is_cut_and_its_status_counts() -> None:
    body = b"x" * (20 * ANSWER_LIMIT)
    huge = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + body

    started = time.monotonic()
    (answer,), _ = exchange(always(huge))

    assert (answer.outcome, answer.code) == (Outcome.SUCCESS, 200)
    assert time.monotonic() - started < 0.9, "it did not wait for a gigabyte"


def test_retry_after_is_read() -> None:
    (answer,), _ = exchange(always(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"))

    assert (answer.outcome, answer.retry_after) == (Outcome.HTTP_5XX, 7.0)


def test_a_receiver_that_hangs_up_is_a_failed_connection() -> None:
    (answer,), _ = exchange(hang_up)

    assert answer.outcome is Outcome.CONNECT


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "127.1", "0x7f000001", "[::1]", "0"]
)
def test_the_address_that_is_dialled_is_judged_however_it_is_written(host: str) -> None:
    (answer,), connections = exchange(always(OK), host=host, limits=Limits(total=1.0, connect=0.5))

    assert answer.outcome is Outcome.BLOCKED
    assert connections == 0


def test_a_name_that_does_not_exist_and_a_closed_port_are_told_apart() -> None:
    async def post(url: str) -> Answer:
        loop = asyncio.get_running_loop()
        transport, done = Transport(loop, LOCAL), loop.create_future()
        transport.post(Post(url, (), b"{}"), done.set_result)
        answer: Answer = await asyncio.wait_for(done, 30)
        transport.close()
        return answer

    unknown = asyncio.run(post("http://personne.invalid/bus"))

    assert unknown.outcome in (Outcome.DNS, Outcome.TIMEOUT)
    assert asyncio.run(post(f"http://127.0.0.1:{free_port()}/bus")).outcome is Outcome.CONNECT


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a self-signed certificate for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "autorite.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = folder / "cle.pem"
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(encoding, shape, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, private)
    return file, context


def test_tls_is_verified_and_an_authority_of_ones_own_can_be_named(tmp_path: Path) -> None:
    file, context = certificate(tmp_path)
    own = Limits(total=2.0, connect=1.0, private_addresses=True, ca_file=file)

    (stranger,), _ = exchange(always(OK), host="localhost", tls=context)
    known, connections = exchange(always(OK), host="localhost", tls=context, limits=own, count=3)
    (wrong_name,), _ = exchange(always(OK), host="127.0.0.1", tls=context, limits=own)

    assert stranger.outcome is Outcome.TLS
    assert [answer.code for answer in known] == [204, 204, 204]
    assert connections == 1
    assert wrong_name.outcome is Outcome.TLS
