"""POST over libcurl inside an asyncio loop: keep-alive, one deadline over all of it, no redirect, no surprise address.

The multi handle's sockets live in an epoll of their own whose descriptor is the only one asyncio watches: registering
each socket with asyncio costs more than the request.
"""

import asyncio
import select
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pycurl

from consumers.connectors.port import Answer
from consumers.connectors.webhook.addresses import is_private, is_public
from consumers.connectors.webhook.outcome import Outcome, outcome_of, retry_after

ANSWER_LIMIT: Final = 16_384  # bytes read of an answer, then the connection is dropped; none of it is kept
_CA_FILES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine
)
_TLS_ERRORS: Final = frozenset({35, 51, 53, 54, 58, 59, 60, 64, 66, 77, 80, 82, 83, 90, 91, 98})
_DNS_ERRORS: Final = frozenset({5, 6})


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one attempt; seconds. ``total`` covers name, connection, request, headers and body."""

    total: float = 15.0
    connect: float = 5.0
    private_addresses: bool = False
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """What to send. Headers are complete lines."""

    url: str
    headers: tuple[str, ...]
    body: bytes = field(repr=False)


Done = Callable[[Answer], None]


class Transport:
    """Sends requests and calls back with the answer; lives in the thread of its loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        self._loop = loop
        self._limits = limits
        self._ca_file = _ca_file(limits)
        self._epoll = select.epoll()
        self._timer: asyncio.TimerHandle | None = None
        self._idle: list[_Easy] = []
        self._busy: dict[Any, _Easy] = {}
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._arm)
        self._multi.setopt(pycurl.M_MAXCONNECTS, 4096)
        loop.add_reader(self._epoll.fileno(), self._ready)

    def post(self, request: Post, done: Done) -> None:
        """Start one attempt; ``done`` is called once, later, from the loop."""
        easy = self._idle.pop() if self._idle else _Easy(self._limits, self._ca_file)
        easy.prepare(request, done)
        self._busy[easy.handle] = easy
        self._multi.add_handle(easy.handle)

    def close(self) -> None:
        """Drop what is in flight, without answers, and free everything."""
        self._loop.remove_reader(self._epoll.fileno())
        if self._timer is not None:
            self._timer.cancel()
        for easy in [*self._busy.values(), *self._idle]:
            if easy.handle in self._busy:
                self._multi.remove_handle(easy.handle)
            easy.handle.close()
        self._multi.close()
        self._epoll.close()

    def _watch(self, event: int, descriptor: int, _multi: object, _data: object) -> None:
        """Follow libcurl's wishes: called by it whenever it starts or stops caring about a socket."""
        if event == pycurl.POLL_REMOVE:
            try:
                self._epoll.unregister(descriptor)
            except (FileNotFoundError, OSError):  # closing a socket had removed it already
                return
            return
        mask = (select.EPOLLIN if event & pycurl.POLL_IN else 0) | (select.EPOLLOUT if event & pycurl.POLL_OUT else 0)
        try:
            self._epoll.modify(descriptor, mask)
        except FileNotFoundError:
            self._epoll.register(descriptor, mask)

    def _arm(self, milliseconds: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if milliseconds >= 0:
            self._timer = self._loop.call_later(milliseconds / 1000, self._expired)

    def _expired(self) -> None:
        self._timer = None
        self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._collect()

    def _ready(self) -> None:
        for descriptor, mask in self._epoll.poll(0):
            bits = (pycurl.CSELECT_IN if mask & select.EPOLLIN else 0) | (
                pycurl.CSELECT_OUT if mask & select.EPOLLOUT else 0
            )
            if mask & (select.EPOLLERR | select.EPOLLHUP):
                bits |= pycurl.CSELECT_ERR
            self._multi.socket_action(descriptor, bits)
        self._collect()

    def _collect(self) -> None:
        """Hand over every finished attempt; the handle goes back to the pool before its owner hears of it."""
        while True:
            left, succeeded, failed = self._multi.info_read()
            ended = [(handle, 0) for handle in succeeded] + [(handle, error) for handle, error, _ in failed]
            for handle, error in ended:
                easy = self._busy.pop(handle)
                self._multi.remove_handle(handle)
                answer, done = easy.answer(error), easy.done
                easy.forget()
                self._idle.append(easy)
                done(answer)
            if left == 0:
                return


class _Easy:
    """One reusable libcurl handle."""

    def __init__(self, limits: Limits, ca_file: str | None) -> None:
        self.handle = pycurl.Curl()
        self.done: Done = _nobody
        self._private = limits.private_addresses
        self._blocked = False
        self._read = 0
        self._set_once(limits, ca_file)

    def _set_once(self, limits: Limits, ca_file: str | None) -> None:
        options = {
            pycurl.NOSIGNAL: 1,
            pycurl.FOLLOWLOCATION: 0,
            pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
            pycurl.TIMEOUT_MS: int(limits.total * 1000),
            pycurl.CONNECTTIMEOUT_MS: int(limits.connect * 1000),
            pycurl.PROXY: "",  # whatever the environment says: the guard must see the address that is dialled
            pycurl.USERAGENT: "insertion-bus/1",
            pycurl.TCP_NODELAY: 1,
            pycurl.MAXAGE_CONN: 60,
            pycurl.POST: 1,
            pycurl.OPENSOCKETFUNCTION: self._dial,
            pycurl.WRITEFUNCTION: self._write,
        }
        if ca_file is not None:
            options[pycurl.CAINFO] = ca_file
        for option, value in options.items():
            self.handle.setopt(option, value)

    def prepare(self, request: Post, done: Done) -> None:
        """Load one request."""
        self.done, self._blocked, self._read = done, False, 0
        self.handle.setopt(pycurl.URL, request.url)
        self.handle.setopt(pycurl.HTTPHEADER, list(request.headers))
        self.handle.setopt(pycurl.POSTFIELDS, request.body)

    def forget(self) -> None:
        """Keep nothing of the person in a handle that waits in the pool."""
        self.done = _nobody
        self.handle.setopt(pycurl.POSTFIELDS, b"")

    def answer(self, error: int) -> Answer:
        """Read how the transfer ended; ``error`` is libcurl's, 0 for none."""
        code = int(self.handle.getinfo(pycurl.RESPONSE_CODE))
        duration = float(self.handle.getinfo(pycurl.TOTAL_TIME))
        if error == pycurl.E_WRITE_ERROR and self._read > ANSWER_LIMIT:
            error = 0  # we hung up on a long answer; its status line counts
        if error == 0 and code >= 200:
            asked = retry_after(code, float(self.handle.getinfo(pycurl.RETRY_AFTER)))
            return Answer(outcome_of(code), code, duration, asked)
        return Answer(self._failure(error), None, duration)

    def _failure(self, error: int) -> Outcome:
        if self._blocked:
            return Outcome.BLOCKED
        if error == pycurl.E_OPERATION_TIMEDOUT:
            return Outcome.TIMEOUT
        if error in _DNS_ERRORS:
            return Outcome.DNS
        return Outcome.TLS if error in _TLS_ERRORS else Outcome.CONNECT

    def _dial(self, _purpose: int, address: tuple[int, int, int, tuple[Any, ...]]) -> socket.socket | int:
        """Open a socket, unless the resolved address is one that nobody outside should make us reach."""
        family, kind, protocol, target = address
        host = str(target[0])
        if is_public(host) or (self._private and is_private(host)):
            return socket.socket(family, kind, protocol)
        self._blocked = True
        return int(pycurl.SOCKET_BAD)

    def _write(self, chunk: bytes) -> int:
        """Count what the receiver says and throw it away."""
        self._read += len(chunk)
        return len(chunk) if self._read <= ANSWER_LIMIT else 0


def _nobody(_answer: Answer) -> None:
    """Stand for no caller."""


def _ca_file(limits: Limits) -> str | None:
    """Give the authorities to trust: the setting, else the system's (the wheel's own path exists nowhere)."""
    if limits.ca_file is not None:
        return str(limits.ca_file)
    return next((path for path in _CA_FILES if Path(path).exists()), None)
