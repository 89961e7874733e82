"""Stored rows as the API shows them: times, ETags, JSON."""

import base64
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from sandbox.business_central.entities import EntitySet, Kind, Property

Values = dict[str, Any]


def shown_time(milliseconds: int) -> str:
    """Milliseconds since 1970 as the API writes them: UTC, trailing zeros of the fraction left out; 0 is a blank date."""
    if not milliseconds:
        return "0001-01-01T00:00:00Z"
    seconds, rest = divmod(milliseconds, 1000)
    moment = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
    return f"{moment}.{rest:03d}".rstrip("0").rstrip(".") + "Z" if rest else f"{moment}Z"


def milliseconds_of(text: str) -> float:
    """An ISO 8601 time with an offset as milliseconds since 1970. Raises ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or "T" not in text:
        raise ValueError(f"{text!r} is no time with an offset")
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds / 1000


def etag_of(key: str, stamp: int) -> str:
    """The opaque tag of a row: other for every row and every stamp, in the wrapping seen on the real system."""
    number = int.from_bytes(hashlib.blake2b(f"{key} {stamp}".encode(), digest_size=8).digest())
    digits = str(10**17 + number % (10**20 - 10**17))
    inner = f"'{len(digits)};{digits}1;00;'"
    return f'W/"{base64.b64encode(inner.encode()).decode()}"'


def whole(number: float) -> float | int:
    """The number, without a fraction where it has none: the API writes 5000 and 1284.5."""
    return int(number) if isinstance(number, float) and math.isfinite(number) and number == int(number) else number


def rendered(entity: EntitySet, values: Mapping[str, Any], etag: str) -> bytes:
    """A row as it stands in a list."""
    content: Values = {"@odata.etag": etag} if entity.has_etag else {}
    for name in entity.names:
        content[name] = values[name]
    for name, kind in entity.converted:
        content[name] = _CONVERSIONS[kind](content[name])
    return orjson.dumps(content)


_CONVERSIONS: dict[Kind, Callable[[Any], Any]] = {Kind.DATETIME: shown_time, Kind.BOOLEAN: bool, Kind.DECIMAL: whole}
"""How values of a kind get into JSON, where that is not how they are stored."""


def rendered_columns(properties: Sequence[Property], rows: Sequence[Sequence[Any]], *, has_etag: bool) -> list[bytes]:
    """Rows of the selected properties; each row begins with its ETag."""
    names = ("@odata.etag", *(prop.name for prop in properties))
    conversions = [(prop.name, _CONVERSIONS[prop.kind]) for prop in properties if prop.kind in _CONVERSIONS]
    texts = []
    for row in rows:
        content = dict(zip(names, row, strict=True))
        if not has_etag:
            del content["@odata.etag"]
        for name, convert in conversions:
            content[name] = convert(content[name])
        texts.append(orjson.dumps(content))
    return texts


def with_context(context: str, body: bytes) -> bytes:
    """A row as the answer to a request for it alone."""
    return b'{"@odata.context":' + orjson.dumps(context) + b"," + body[1:]
