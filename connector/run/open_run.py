"""Opening and closing a run: rules, store, lease, the run's row, clients; and closing them whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.core.customer import Side
from connector.errors import CustomerSyncError
from connector.rules import rules_of
from connector.run.customers_page import know_page
from connector.run.run import Progress, Run
from connector.run.seen_lately import SeenLately
from connector.run.sides import meet_sides
from connector.run.templates import templates_of
from connector.setup import Setup
from connector.store import Lease, LeaseHeld, Store, open_store
from connector.store.tallies import REQUEST_SECONDS, REQUESTS, RUN_SECONDS, Kind, kind

__all__ = ["Opened", "open_run"]

A_DAY = 86_400.0
_EMPTIED = (
    "The store is empty though it was not: it was made anew, and nothing is known of earlier runs. Customers will be matched "
    "again, and the first-link policy decides where they differ. If that is not meant, stop here and restore a backup."
)


class Opened:
    """An open run and what it will tell when it is closed. Not a dataclass on purpose (see Run).

    Attributes:
        told: what its row will keep, as JSON can hold it: of a synchronisation its summary.
    """

    def __init__(self, run: Run, mode: str) -> None:
        self.run = run
        self.mode = mode
        self.started = time.monotonic()
        self.told: dict[str, Any] = {}
        self.status = "failed"

    @property
    def seconds(self) -> float:
        """Seconds since the run was opened."""
        return time.monotonic() - self.started


@contextmanager
def open_run(
    setup: Setup,
    *,
    run_id: str,
    mode: str,
    trigger: str,
    actor: str,
    dry_run: bool,
    progress: Progress | None = None,
    enqueue: bool = False,
    clients: Callable[[Setup], tuple[WooCommerceClient, BusinessCentralClient]] | None = None,
    lately: SeenLately | None = None,
) -> Iterator[Opened]:
    """Open a run of one webstore: only one at a time may write.

    Args:
        enqueue: wait for the run that is at work, as the setup says or for a day. At most one scheduled run waits.
        clients: makes what speaks with the two systems; None = as the setup says.
        lately: what this process has seen a moment ago; None = nothing.

    Raises:
        SetupError: rules or templates that cannot work.
        LeaseHeld: another run is at work on the webstore, or waits for the one that is.
        StoreError: the store cannot be used.
    """
    rules = rules_of(setup)
    store = open_store(setup.store.url)
    try:
        with _turn(store, setup, f"run {run_id}", enqueue=enqueue, patient=trigger != "scheduled") as lease:
            arguments: dict[str, Any] = {"lately": lately} | ({} if progress is None else {"progress": progress})
            arguments |= {} if clients is None else {"clients": clients(setup)}
            run = Run(setup, store, rules, run_id=run_id, trigger=trigger, actor=actor, dry_run=dry_run, **arguments)
            run.lease = lease
            if store.was_emptied():
                run.warnings.append(_EMPTIED)
            with run:
                opened = Opened(run, mode)
                with store.work(run.code) as work:
                    work.runs.close_interrupted(besides=run_id)
                    work.runs.start(run_id, mode, trigger, actor, dry_run=dry_run)
                try:
                    meet_sides(run)
                    know_page(run)
                    run.templates = templates_of(setup, rules, run.business_central, run.page)
                    yield opened
                except CustomerSyncError as error:
                    opened.told = {**opened.told, "error": str(error)}
                    opened.status = "refused" if error.exit_code == 2 else "stopped"
                    raise
                except Exception:
                    raise
                except BaseException:  # the process was told to end
                    opened.status = "interrupted"
                    raise
                finally:
                    run.lately.forget_records()  # they have served this run, and values are kept no longer than needed
                    plan_hash = str(opened.told.get("plan_hash", ""))
                    with store.work(run.code) as work:
                        work.tallies.add(_counted(opened))
                        work.runs.finish(run_id, opened.status, opened.told, plan_hash, rules.digest)
    finally:
        store.close()


def _counted(opened: Opened) -> dict[Kind, float]:
    """What the run adds to the store's tallies, however it ends: its time, and its requests to both systems."""
    run = opened.run
    amounts = {kind(RUN_SECONDS, mode=opened.mode, dry_run=str(run.dry_run).lower()): opened.seconds}
    for system, client in ((Side.WEBSTORE, run.webstore), (Side.BUSINESS_CENTRAL, run.business_central)):
        amounts[kind(REQUEST_SECONDS, system=system)] = client.seconds
        amounts |= {kind(REQUESTS, system=system, answer=answer): count for answer, count in client.answers.items()}
    return amounts


@contextmanager
def _turn(store: Store, setup: Setup, holder: str, *, enqueue: bool, patient: bool) -> Iterator[Lease]:
    """The webstore's lease, when it is this run's turn."""
    code, wait = setup.webstore_code, setup.synchronization.lease_wait_seconds
    seconds = setup.synchronization.lease_seconds
    with ExitStack() as stack:
        try:
            lease = stack.enter_context(store.lease(code, holder, seconds=seconds, wait_seconds=0 if enqueue else wait))
        except LeaseHeld:
            if not enqueue:
                raise
            wait = wait or A_DAY
            with store.lease(f"{code} (next)", holder, seconds=seconds, wait_seconds=wait if patient else 0):
                lease = stack.enter_context(store.lease(code, holder, seconds=seconds, wait_seconds=wait))
        yield lease
