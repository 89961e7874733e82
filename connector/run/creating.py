"""The right to create customers in the company: webstores that share it (and the store) look up and create one after the other,
so that somebody who registers in two of them at once does not become two customers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import TracebackType
from typing import Self

from connector.run.fence import holding
from connector.run.run import Run
from connector.store import Lease, LeaseLost

__all__ = ["RightToCreate"]

# a batch of creates takes Business Central seconds
_OTHERS_CREATE_SECONDS = 300.0
# after so long it is given back between two batches, for longer than others wait between two looks (Lease)
_KEPT_SECONDS, _GIVEN_SECONDS = 15.0, 0.7


class RightToCreate:
    """Taken for the first batch, kept for those that follow, given back at the end; a context manager.

    To give it back and take it are two commits, which would wait for the settlement of the batch before.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._kept = ExitStack()
        self._lease: Lease | None = None
        self._since = 0.0
        self._turn = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Look and create, while nobody else does: no other batch of this run, and no other webstore's.

        Raises:
            LeaseHeld: another webstore's run does not come to an end.
        """
        with self._turn:
            lease = self._lease_now()
            with holding(lease):
                yield

    def _lease_now(self) -> Lease:
        if self._lease is not None and time.monotonic() > self._since + _KEPT_SECONDS:
            self._give_back()
            time.sleep(_GIVEN_SECONDS)
        if self._lease is not None:
            try:
                self._lease.check()
            except LeaseLost:  # between two batches nothing relies on it
                self._give_back()
        if self._lease is None:
            self._lease, self._since = self._kept.enter_context(self._taken()), time.monotonic()
        return self._lease

    def _taken(self) -> AbstractContextManager[Lease]:
        run = self._run
        # as the server says which company it is: setups may name it, or give its id, or write the address in another way
        company = run.business_central.company_id
        return run.store.lease(
            f"creating customers in company {company}",
            f"run {run.run_id} of {run.code}",
            seconds=run.setup.synchronization.lease_seconds,
            wait_seconds=_OTHERS_CREATE_SECONDS,
            what=f"creating customers in the company {run.setup.business_central.company}",
        )

    def _give_back(self) -> None:
        self._lease = None
        self._kept.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kept.__exit__(kind, error, trace)
