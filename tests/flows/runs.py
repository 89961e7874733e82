"""Runs for scenarios: the pipeline without Prefect, one step after the other, so that a test finds the same run again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.extract.missing import confirm_missing
from connector.pipeline import one_pass
from connector.run.breakers import stop_on_extracts, stop_on_plan
from connector.run.request import RunReport, RunRequest
from connector.runtime import Runtime
from connector.setup import Setup

__all__ = ["synchronize", "undo"]

# refused requests are sent again at once: tests wait for nothing
BACKOFF = 0.001


def _nothing() -> None:
    return


class _Ended:
    """A step that was carried out when it was started."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def result(self) -> Any:
        return self._value

    def wait(self, timeout: float) -> None:
        return


class _SmallPages(BusinessCentralClient):
    """A client that asks for pages of any size, so that a small company has several."""

    page_size = 20_000

    def read_customers(self, keep: Any, **how: Any) -> Any:
        return super().read_customers(keep, page_size=self.page_size, **how)


class OneAtATime(Runtime):
    """No two steps at once, no waiting, and somebody who waits between them.

    Attributes:
        side_by_side: two steps at once after all, as without a test.
        page_size: Business Central customers a page.
        when_read, when_planned: called when both systems have been read; when everything is decided and nothing is written.
    """

    can_ask = True  # a plan that needs an approval ends the pass, and the test says what becomes of it

    def __init__(
        self,
        *,
        side_by_side: bool = False,
        page_size: int = 20_000,
        when_read: Callable[[], None] = _nothing,
        when_planned: Callable[[], None] = _nothing,
        **who: Any,
    ) -> None:
        super().__init__(**who)
        self._side_by_side, self._page_size = side_by_side, page_size
        self._before = {stop_on_extracts: when_read, confirm_missing: when_read}
        self._when_planned = when_planned

    def call(self, step: Callable[..., Any], *arguments: Any) -> Any:
        if step in self._before:
            self._before.pop(step)()
            self._before.clear()
        value = super().call(step, *arguments)
        if step is stop_on_plan:
            self._when_planned()
        return value

    def start(self, step: Callable[..., Any], *arguments: Any) -> Any:
        return super().start(step, *arguments) if self._side_by_side else _Ended(step(*arguments))

    def clients(self, setup: Setup) -> tuple[WooCommerceClient, BusinessCentralClient]:
        company = _SmallPages(setup.business_central, backoff=BACKOFF)
        company.page_size = self._page_size
        return WooCommerceClient(setup.webstore, backoff=BACKOFF), company


def synchronize(
    setup: Setup,
    customers: Sequence[str] = (),
    *,
    dry_run: bool = False,
    scheduled: bool = False,
    actor: str = "the office",
    approved_plan: str | None = None,
    leave_out: Sequence[str] = (),
    run_id: str = "",
    partitions: int = 0,
    **how: Any,
) -> RunReport:
    """One pass over all customers, or over the given ones.

    Args:
        partitions: into how many the customers are divided; 0 = they are not.
        how: as in OneAtATime.
    """
    if partitions:
        divided = setup.partitions.model_copy(update={"count": partitions})
        setup = setup.model_copy(update={"partitions": divided})
    request = RunRequest(
        setup, tuple(customers) or None, dry_run=dry_run, approved_plan=approved_plan, leave_out=tuple(leave_out)
    )
    return one_pass(request, OneAtATime(run_id=run_id, actor=actor, scheduled=scheduled, **how))


def undo(
    setup: Setup,
    undone_run: str,
    *,
    dry_run: bool = False,
    delete_accounts: bool = False,
    its_flags: bool = False,
    approved_plan: str | None = None,
    leave_out: Sequence[str] = (),
    actor: str = "the office",
    run_id: str = "",
    **how: Any,
) -> RunReport:
    """One pass that undoes a run."""
    request = RunRequest(
        setup, undone_run=undone_run, delete_accounts=delete_accounts, its_flags=its_flags, dry_run=dry_run,
        approved_plan=approved_plan, leave_out=tuple(leave_out),
    )  # fmt: skip
    return one_pass(request, OneAtATime(run_id=run_id, actor=actor, **how))
