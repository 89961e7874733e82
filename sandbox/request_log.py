"""The request log of an emulator: what was asked, by whom it was answered how, in the order of arrival of the answers.

An entry is written before its answer leaves, so a client that has an answer finds the request in the log. Secrets in
query strings are replaced; bodies are not kept.
"""

import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.operations import Operation, SeenRequest


@dataclass(frozen=True)
class LogEntry:
    """One request. `status` is what the client saw, None when its connection was dropped without an answer.

    `handled` tells whether the application worked on the request, `fault` the kind of the fault that struck it.
    """

    method: str
    path: str
    query: str
    operations: tuple[Operation, ...]
    status: int | None
    milliseconds: float
    at: datetime
    is_token_request: bool
    is_write: bool
    handled: bool
    fault: str | None

    def as_json(self) -> dict[str, Any]:
        """The entry as it stands in the answers of the control address."""
        content = asdict(self)
        content["operations"] = [list(operation) for operation in self.operations]
        content["at"] = self.at.isoformat()
        return content


class RequestLog:
    """Entries of one emulator; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[LogEntry] = []

    def record(
        self, seen: SeenRequest, *, status: int | None, milliseconds: float, handled: bool, fault: str | None
    ) -> None:
        """Append a finished request."""
        entry = LogEntry(
            method=seen.method,
            path=seen.path,
            query=seen.redacted_query,
            operations=seen.operations,
            status=status,
            milliseconds=milliseconds,
            at=datetime.now(UTC),
            is_token_request=seen.is_token_request,
            is_write=seen.is_write,
            handled=handled,
            fault=fault,
        )
        with self._lock:
            self._entries.append(entry)

    @property
    def entries(self) -> list[LogEntry]:
        """A copy of all entries so far."""
        with self._lock:
            return list(self._entries)

    def __iter__(self) -> Iterator[LogEntry]:
        return iter(self.entries)

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def writes(self) -> list[LogEntry]:
        """Requests that may change something. A Business Central $batch of nothing but GETs is a read."""
        return [entry for entry in self.entries if entry.is_write]

    def reads(self) -> list[LogEntry]:
        """Requests that only read; token requests are neither reads nor writes."""
        return [entry for entry in self.entries if not entry.is_write and not entry.is_token_request]

    def operations(self, verb: str | None = None) -> list[Operation]:
        """Operations of all requests in order, those inside batches included; of one verb when given."""
        return [
            operation
            for entry in self.entries
            for operation in entry.operations
            if verb is None or operation.verb == verb
        ]

    def clear(self) -> None:
        """Forget all entries."""
        with self._lock:
            self._entries.clear()
