"""Examples are records of their version: they go through Avro and come back, with no field that the schema lacks."""

import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import fastavro
from fastavro.validation import ValidationError

from avro_schemas.conversion import from_json, to_json
from avro_schemas.gates.files import UNREADABLE
from avro_schemas.gates.finding import Finding, Rule
from avro_schemas.gates.source import Version
from avro_schemas.gates.walking import nodes

LEAST: Final = 2
REMEDY: Final = "Corrigez l’exemple, ou le schéma s’il n’est pas publié"


def exemplified(version: Version) -> Iterator[Finding]:
    """Find too few examples, and each that does not validate; values are never quoted."""
    if len(version.samples) < LEAST:
        count = f"{len(version.samples)} exemple" if version.samples else "aucun exemple"
        yield Finding(str(version), count, Rule.EXEMPLE, f"Ajoutez-en dans {version.name}/v{version.number}/examples")
    for title, sample in version.samples.items():
        if sample is not UNREADABLE and (fault := _fault(version, sample)):
            yield Finding(f"{version}, exemple « {title} »", fault, Rule.EXEMPLE, REMEDY)


def _fault(version: Version, sample: Any) -> str | None:  # noqa: ANN401 - a file holds any JSON
    try:
        record = from_json(version.schema, sample)
    except KeyError as error:
        return f"le champ {error.args[0]} manque"
    except (ValueError, TypeError, AttributeError):
        return "une valeur n’a pas la forme que dit le schéma"
    if extra := list(_unknown(sample, to_json(version.schema, record))):
        return f"le champ {extra[0]} n’est pas dans le schéma"
    inconsistent = _inconsistent(version, record) if version.is_event else None
    return inconsistent or _refused(version, record)


def _unknown(sample: Any, known: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - any JSON
    match sample, known:
        case dict(), dict():
            for key, value in sample.items():
                place = f"{path}.{key}" if path else key
                if key in known:
                    yield from _unknown(value, known[key], place)
                else:
                    yield place
        case list(), list():
            for left, right in zip(sample, known, strict=True):
                yield from _unknown(left, right, path)
        case _:
            return


def _refused(version: Version, record: Mapping[str, Any]) -> str | None:
    """Write and read it as we do at run time."""
    schema, wire = fastavro.parse_schema(version.schema), io.BytesIO()
    try:
        fastavro.validate(record, schema, strict=True, disable_tuple_notation=True)
        fastavro.schemaless_writer(wire, schema, record, strict=True)
    except ValidationError as error:
        return f"le champ {_path(version, str(error.errors[0].field))} ne suit pas le schéma"
    except (ValueError, TypeError, OverflowError):
        return "Avro ne l’écrit pas"
    wire.seek(0)
    return None if fastavro.schemaless_reader(wire, schema, None) == record else "il ne revient pas comme il est parti"


def _path(version: Version, place: str) -> str:
    """Turn fastavro's ``<record>.<field>`` into the path of that field."""
    for path, node in nodes(version.schema):
        if isinstance(node, dict) and place.startswith(f"{node.get('namespace')}.{node.get('name')}."):
            return ".".join(filter(None, (path, place.rpartition(".")[2])))
    return place


def _is_uuid(text: Any) -> bool:  # noqa: ANN401 - any JSON value
    try:
        return isinstance(text, str) and str(UUID(text)) == text
    except (ValueError, TypeError, AttributeError):
        return False


def _inconsistent(version: Version, record: Mapping[str, Any]) -> str | None:
    """What the schema cannot say of an event."""
    if record.get("type") != version.name:
        return f"son type n’est pas {version.name}"
    if not _is_uuid(record.get("id")):
        return "son id n’est pas un UUID"
    for field in ("date_observation", "date_publication"):
        if isinstance(instant := record.get(field), datetime) and instant.tzinfo is None:
            return f"{field} n’a pas de fuseau"
    if record.get("portee") != sorted({part["sorte"] for part in record.get("scelle", ())}):
        return "portee ne dit pas, dans l’ordre, les sortes scellées"
    return None
