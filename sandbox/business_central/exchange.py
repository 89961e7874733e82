"""A request and its answer as the parts of the emulator hand them on, inside a $batch as outside."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import orjson

from sandbox.business_central.errors import ApiError, bad_request, unknown_segment

JSON_TYPE = "application/json; odata.metadata=minimal; odata.streaming=true"
_SEGMENT = re.compile(r"(\$?\w+)(?:\((.*)\))?", re.DOTALL)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Segment:
    """A part of an address: its name, and the text of its key when it has one."""

    name: str
    key: str | None

    def guid(self) -> str:
        """The key as a GUID in lower case. Raises ApiError (400) when it is none."""
        if self.key is None or not _GUID.fullmatch(self.key.strip("{}")):
            raise bad_request("Bad Request - Error in query syntax.", "BadRequest_InvalidRequestUrl")
        return self.key.strip("{}").lower()

    def text(self) -> str:
        """The key as a text, which stands in single quotes. Raises ApiError (400) when it does not."""
        key = self.key or ""
        if len(key) < 2 or not (key.startswith("'") and key.endswith("'")):
            raise bad_request("Bad Request - Error in query syntax.", "BadRequest_InvalidRequestUrl")
        return key[1:-1].replace("''", "'")


@dataclass(frozen=True)
class Call:
    """A request: `base` is the address of the API as the client wrote it, `path` what follows it, without a slash.

    Names of `headers` are in lower case. `user` is whose limits it counts for.
    """

    method: str
    base: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    user: str

    @property
    def address(self) -> str:
        """The address without query options."""
        return f"{self.base}/{self.path}"

    @property
    def prefer(self) -> str:
        """The header Prefer."""
        return self.headers.get("prefer", "")

    def segments(self) -> list[Segment]:
        """The parts of the path. Raises ApiError (404) for one that is none."""
        found = []
        for text in unquote(self.path).strip("/").split("/"):
            match = _SEGMENT.fullmatch(text)
            if match is None:
                raise unknown_segment(text)
            found.append(Segment(match[1], match[2]))
        return found

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ApiError: 415 for another content type, 400 for anything but an object."""
        if not self.headers.get("content-type", "").lower().startswith("application/json"):
            raise ApiError(
                415, "BadRequest", "The content type of the request is not supported; send application/json."
            )
        try:
            content = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise bad_request("Invalid Request Body") from error
        if not isinstance(content, dict):
            raise bad_request("Invalid Request Body")
        return content


@dataclass(frozen=True)
class Reply:
    """An answer; `body` is empty for a 204."""

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)


def from_error(error: ApiError, correlation_id: str) -> Reply:
    """The answer that an error is."""
    return Reply(error.status, error.as_json(correlation_id), JSON_TYPE, error.headers)
