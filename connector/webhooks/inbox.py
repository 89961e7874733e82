"""Takes deliveries into the store. What comes at the same time is committed together; nothing is answered before that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from anyio import to_thread

from connector.store import Store
from connector.webhooks.echoes import Echoes
from connector.webhooks.reading import Delivery

__all__ = ["Inbox", "Taken"]

_TOGETHER = 500


@dataclass(frozen=True)
class Taken:
    """What became of a delivery.

    Attributes:
        noted: changes that wait for a run now.
        known: changes that were told already, in just the same words.
        echoes: changes that are none: the customer is as both sides last agreed.
        is_replay: exactly this delivery was taken before.
    """

    noted: int = 0
    known: int = 0
    echoes: int = 0
    is_replay: bool = False


class Inbox:
    """The inbox of one webstore; used from one event loop.

    Args:
        wake: called after something new was committed.
        echoes: recognises what needs no run.
    """

    def __init__(self, store: Store, webstore_code: str, wake: Callable[[], None], echoes: Echoes) -> None:
        self._store = store
        self._code = webstore_code
        self._wake = wake
        self._echoes = echoes
        self._queue: list[tuple[Delivery, asyncio.Future[Taken]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def put(self, delivery: Delivery) -> Taken:
        """Take one delivery.

        Raises:
            StoreError: it could not be committed; nothing is remembered of it.
        """
        future: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._queue.append((delivery, future))
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit_all())
        return await future

    async def _commit_all(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[:_TOGETHER], self._queue[_TOGETHER:]
            try:
                results = await to_thread.run_sync(self._commit, [delivery for delivery, _ in batch])
            except Exception as error:  # noqa: BLE001 - each sender hears of it
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), taken in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(taken)
            if any(taken.noted for taken in results):
                self._wake()

    def _commit(self, deliveries: Sequence[Delivery]) -> list[Taken]:
        asked = {fp for d in deliveries for fp in (d.exact, *(item.fingerprint for item in d.items)) if fp}
        results: list[Taken] = []
        with self._store.work(self._code) as work:
            before = work.webhooks.seen(asked)
            seen = set(before)
            echoes = self._echoes.among(work, (item for delivery in deliveries for item in delivery.items))
            keys: set[str] = set()
            since: dict[str, datetime] = {}
            for delivery in deliveries:
                if delivery.exact and delivery.exact in seen:
                    results.append(Taken(is_replay=True))
                    continue
                new = [item for item in delivery.items if item.fingerprint not in seen]
                real = [item for item in new if item not in echoes]
                keys |= {item.key for item in real}
                since |= {item.key: item.changed_at for item in real if item.changed_at is not None}
                seen |= {delivery.exact, *(item.fingerprint for item in delivery.items)} - {""}
                results.append(Taken(len(real), len(delivery.items) - len(new), len(new) - len(real)))
            work.webhooks.remember(seen - before)
            work.webhooks.note(keys, since)
        return results
