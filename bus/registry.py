"""The schema registry by its Confluent API: six calls over urllib (Confluent's client needs httpx and authlib)."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlsplit

import avro_schemas
from bus.errors import InvalidEvent, Misconfigured, Unavailable
from bus.reasons import Reason
from bus.registry_mode import FULL_TRANSITIVE, lax, refuse_lax

Json: TypeAlias = dict[str, Any]

TIMEOUT: Final = 5.0  # seconds
CONTENT_TYPE: Final = "application/vnd.schemaregistry.v1+json"


class Registry:
    """What a registry knows, asked once: an id and its schema never change.

    Args:
        url: base of the Confluent API (``…/apis/ccompat/v7``).
        cache_dir: where schemas are kept by id, so that a restart needs no registry to read; ``None`` keeps none.
            It must disappear with the registry's own data: ids start again.

    Raises:
        Misconfigured: the address is no http address; or, from any method, the registry refuses what we ask.
        Unavailable: from any method, no answer within 5 s, or one that says "later" (429, 5xx).
    """

    def __init__(self, url: str, cache_dir: Path | None = None) -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise Misconfigured("L’adresse du registre de schémas n’est pas une adresse http.")
        self._url = url.rstrip("/")
        self._cache_dir = cache_dir
        self._ids: dict[tuple[str, str], int] = {}
        self._schemas: dict[int, Json] = {}
        # The registry is ours and near: a proxy set for the outside must not see it.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def id_of(self, subject: str, schema: Mapping[str, Any]) -> int:
        """Give the id of a schema already registered under a subject.

        Raises:
            Misconfigured: it is not registered.
        """
        return self._identify(f"/subjects/{quote(subject)}", subject, schema)

    def register(self, subject: str, schema: Mapping[str, Any]) -> int:
        """Register a schema under a subject and give its id; the same one when it was there already.

        Raises:
            Misconfigured: it is not compatible with every version before it, or not Avro.
        """
        return self._identify(f"/subjects/{quote(subject)}/versions", subject, schema)

    def schema(self, schema_id: int) -> Json:
        """Give the schema of an id, from memory, disk, then the registry.

        Raises:
            InvalidEvent: ``schema_inconnu``: no schema has that id, so what carries it can never be read.
        """
        if schema_id not in self._schemas:
            self._schemas[schema_id] = self._cached(schema_id) or self._fetched(schema_id)
        return self._schemas[schema_id]

    def names(self) -> list[str]:
        """Give the subjects of the registry, sorted."""
        return sorted(self._ask("GET", "/subjects"))

    def subjects(self) -> dict[str, list[int]]:
        """Give the subjects of the registry and the versions that each holds."""
        return {name: list(self._ask("GET", f"/subjects/{quote(name)}/versions")) for name in self.names()}

    def set_full_transitive(self, subject: str | None = None) -> None:
        """Ask that every new version read, and be read by, all those before it; for one subject, or for all."""
        self._ask("PUT", f"/config/{quote(subject)}" if subject else "/config", {"compatibility": FULL_TRANSITIVE})

    def mode(self, subject: str | None = None) -> str:
        """Give the compatibility that the registry enforces (Apicurio's own default is ``NONE``).

        On one subject it is the subject's own when it has one: without ``defaultToGlobal``, Apicurio says ``NONE`` of a
        subject that follows the general rule.
        """
        path = f"/config/{quote(subject)}?defaultToGlobal=true" if subject else "/config"
        return str(_member(self._ask("GET", path), "compatibilityLevel"))

    def _identify(self, path: str, subject: str, schema: Mapping[str, Any]) -> int:
        text = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
        if (subject, text) not in self._ids:
            try:
                schema_id = int(_member(self._ask("POST", path, {"schema": text}), "id"))
            except _RefusedCallError as refusal:
                raise Misconfigured(_explanation(refusal.status, subject)) from refusal
            self._ids[subject, text] = schema_id
            self._remember(schema_id, dict(schema))
        return self._ids[subject, text]

    def _fetched(self, schema_id: int) -> Json:
        try:
            schema: Json = json.loads(_member(self._ask("GET", f"/schemas/ids/{schema_id}"), "schema"))
        except _RefusedCallError as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                raise InvalidEvent(Reason.SCHEMA_INCONNU) from refusal
            raise
        self._remember(schema_id, schema)
        return schema

    def _cached(self, schema_id: int) -> Json | None:
        try:
            cached: Json = json.loads(self._file(schema_id).read_bytes()) if self._cache_dir else {}
        except (FileNotFoundError, ValueError):  # absent, or cut by a full disk: the registry still knows
            return None
        return cached or None

    def _remember(self, schema_id: int, schema: Json) -> None:
        """Keep a schema in memory and on disk; a reader sees the whole file or none."""
        self._schemas[schema_id] = schema
        if self._cache_dir:
            self._cache_dir.mkdir(parents=True, exist_ok=True)
            draft = self._file(schema_id).with_suffix(f".{os.getpid()}")
            draft.write_text(json.dumps(schema, ensure_ascii=False), encoding="utf-8")
            draft.replace(self._file(schema_id))

    def _file(self, schema_id: int) -> Path:
        return (self._cache_dir or Path()) / f"{schema_id}.json"

    def _ask(self, method: str, path: str, body: Json | None = None) -> Any:  # noqa: ANN401 - the API answers any JSON
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, {"Content-Type": CONTENT_TYPE}, method=method)  # noqa: S310 - http(s) checked in __init__
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            error.close()
            raise _fate(error.code) from error
        except (OSError, HTTPException, ValueError) as error:
            raise Unavailable("Le registre de schémas ne répond pas, ou pas comme un registre.") from error


@dataclass(frozen=True, slots=True)
class Registered:
    """One version of a record, and the id that the registry gives it."""

    subject: str
    version: int
    schema_id: int


def apply_contract(registry: Registry) -> list[Registered]:
    """Register every version of every record, oldest first, under FULL_TRANSITIVE; again is without effect.

    Raises:
        Misconfigured: the registry does not keep that mode, or refuses a schema; those before it stay registered.
        Unavailable: no answer.
    """
    registry.set_full_transitive()
    for subject in lax(registry):
        registry.set_full_transitive(subject)
    refuse_lax(registry)
    return [
        Registered(name, version, registry.register(name, avro_schemas.read(name, version)))
        for name in avro_schemas.names()
        for version in avro_schemas.versions(name)
    ]


class _RefusedCallError(Misconfigured):
    """The registry understood and refused."""

    def __init__(self, status: int) -> None:
        super().__init__(f"Le registre de schémas refuse la demande (code {status}).")
        self.status = status


def _member(answer: Any, key: str) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(answer, dict) or key not in answer:
        raise Misconfigured("Ce qui répond à l’adresse du registre n’est pas un registre de schémas.")
    return answer[key]


def _fate(status: int) -> Unavailable | _RefusedCallError:
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(f"Le registre de schémas est momentanément indisponible (code {status}).")
    return _RefusedCallError(status)


def _explanation(status: int, subject: str) -> str:
    match status:
        case HTTPStatus.NOT_FOUND:
            return f"Le registre ne connaît pas ce schéma de {subject} : lancez « bus schemas apply »."
        case HTTPStatus.CONFLICT:
            return (
                f"Le schéma de {subject} n’est pas compatible avec toutes ses versions précédentes ({FULL_TRANSITIVE})."
            )
        case HTTPStatus.UNPROCESSABLE_ENTITY:
            return f"Le registre ne lit pas le schéma de {subject}."
        case _:
            return f"Le registre refuse le schéma de {subject} (code {status})."
