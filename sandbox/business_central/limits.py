"""How much one user may ask for: requests in a sliding window, requests at once, requests that queue."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sandbox.business_central.errors import ApiError
from sandbox.business_central.settings import Settings

_RETRY_AFTER_503 = "10"


@dataclass
class _Usage:
    moments: deque[float] = field(default_factory=deque)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    queued: int = 0


class Limits:
    """Counts per user. To be used from one event loop only."""

    def __init__(self, settings: Settings, now: Callable[[], float]) -> None:
        self._settings = settings
        self._now = now
        self._users: dict[str, _Usage] = {}

    @asynccontextmanager
    async def admitted(self, user: str, weight: int) -> AsyncIterator[None]:
        """A place for one request that counts `weight` times. Raises ApiError: 429 when too many, 503 after the queue."""
        settings = self._settings
        usage = self._users.get(user)
        if usage is None:
            usage = self._users[user] = _Usage(slots=asyncio.Semaphore(settings.concurrent_requests))
        self._count(usage, weight)
        if usage.slots.locked():
            await self._queue(usage)
        else:
            await usage.slots.acquire()
        try:
            if settings.seconds_per_request:
                await asyncio.sleep(settings.seconds_per_request)
            yield
        finally:
            usage.slots.release()

    def _count(self, usage: _Usage, weight: int) -> None:
        now = self._now()
        while usage.moments and usage.moments[0] <= now - self._settings.window_seconds:
            usage.moments.popleft()
        if len(usage.moments) + weight > self._settings.requests_per_window:
            raise self._too_many(len(usage.moments) + weight, self._settings.requests_per_window)
        usage.moments.extend([now] * weight)

    async def _queue(self, usage: _Usage) -> None:
        if usage.queued >= self._settings.queued_requests:
            most = self._settings.concurrent_requests + self._settings.queued_requests
            raise self._too_many(most + 1, most)
        usage.queued += 1
        try:
            await asyncio.wait_for(usage.slots.acquire(), self._settings.queue_seconds)
        except TimeoutError as error:
            message = "Service Temporarily Unavailable"
            raise ApiError(503, "Application_ServiceUnavailable", message, {"Retry-After": _RETRY_AFTER_503}) from error
        finally:
            usage.queued -= 1

    def _too_many(self, actual: int, maximum: int) -> ApiError:
        seconds = self._settings.retry_after_on_429
        headers = {} if seconds is None else {"Retry-After": str(seconds)}
        message = f"Too many requests reached. Actual ({actual}). Maximum ({maximum})."
        return ApiError(429, "Application_TooManyRequests", message, headers)
