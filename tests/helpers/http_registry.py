"""A small registry that speaks the Confluent API on the loopback interface, and can be told to fail."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import fastavro

Answer = tuple[int, Any]


@dataclass
class HttpRegistry:
    """State of the fake; ``forced`` replaces every answer, ``calls`` lists what was asked."""

    mode: str = "NONE"
    own: dict[str, str] = field(default_factory=dict)  # modes of single subjects
    texts: list[str] = field(default_factory=list)
    subjects: dict[str, list[int]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    forced: tuple[int, bytes] | None = None
    url: str = ""

    def answer(self, method: str, path: str, body: Any) -> Answer:
        self.calls.append(f"{method} {path}")
        steps = path.partition("?")[0].strip("/").split("/")
        return self.told(steps) if method == "GET" else self.done(steps, body)

    def told(self, steps: list[str]) -> Answer:
        match steps:
            case ["config"]:
                return 200, {"compatibilityLevel": self.mode}
            case ["config", subject] if subject in self.subjects:
                return 200, {"compatibilityLevel": self.own.get(subject, self.mode)}
            case ["subjects"]:
                return 200, list(self.subjects)
            case ["subjects", subject, "versions"]:
                return 200, [rank for rank, _ in enumerate(self.subjects[subject], 1)]
            case ["schemas", "ids", number] if 0 < int(number) <= len(self.texts):
                return 200, {"schema": self.texts[int(number) - 1]}
            case _:
                return 404, {"error_code": 40403}

    def done(self, steps: list[str], body: Any) -> Answer:
        match steps:
            case ["config"]:
                self.mode = body["compatibility"]
                return 200, body
            case ["config", subject]:
                self.own[subject] = body["compatibility"]
                return 200, body
            case ["subjects", subject, "versions"]:
                return self.registration(subject, body["schema"])
            case ["subjects", subject] if self.known(subject, body["schema"]):
                return 200, {"id": self.texts.index(body["schema"]) + 1}
            case _:
                return 404, {"error_code": 40403}

    def known(self, subject: str, text: str) -> bool:
        return text in self.texts and self.texts.index(text) + 1 in self.subjects.get(subject, [])

    def registration(self, subject: str, text: str) -> Answer:
        try:
            schema = fastavro.parse_schema(json.loads(text))
        except Exception:  # noqa: BLE001 - whatever is wrong, Apicurio's answer is the same
            return 422, {"error_code": 42201}
        before = [json.loads(self.texts[number - 1]) for number in self.subjects.get(subject, [])]
        if self.own.get(subject, self.mode) == "FULL_TRANSITIVE" and any(
            required(old) != required(schema) for old in before
        ):
            return 409, {"error_code": 409}
        if text not in self.texts:
            self.texts.append(text)
        number = self.texts.index(text) + 1
        if number not in self.subjects.setdefault(subject, []):
            self.subjects[subject].append(number)
        return 200, {"id": number}


def required(schema: dict[str, Any]) -> set[str]:
    """Fields without default: what FULL_TRANSITIVE forbids to add or drop."""
    return {one["name"] for one in schema["fields"] if "default" not in one}


@contextmanager
def serving() -> Iterator[HttpRegistry]:
    """Serve one empty registry on a free port."""
    state = HttpRegistry()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, content = state.answer(self.command, self.path, body)
            raw = json.dumps(content).encode()
            if state.forced:
                status, raw = state.forced
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = handle_any  # noqa: N815 - names that http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
