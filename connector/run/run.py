"""What one run works with: setup, store, clients, rules, and who started it why."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import pyarrow as pa

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.core.customer import FieldRules, Side
from connector.core.decisions import Decision
from connector.core.matching import Ladder
from connector.core.merge import FieldPolicy
from connector.core.properties import Page
from connector.core.refusals import Refusal
from connector.core.terms import Flags, Terms
from connector.rules import Rules
from connector.run.decisions import decisions_of
from connector.run.fence import Fence
from connector.run.landed import Landed
from connector.run.refused_writes import held_writes
from connector.run.seen_lately import SeenLately
from connector.setup import Setup
from connector.store import Lease, Store

__all__ = ["Progress", "Run", "Starter", "flags_of", "progress_sink", "started_by"]

# what is being done, how much of it is done, of how much
Progress = Callable[[str, int, int], None]


def _silent(_what: str, _done: int, _total: int) -> None:
    return


# who is told how far a flow run is; the command line puts its progress bar here
progress_sink: ContextVar[Progress | None] = ContextVar("progress_sink", default=None)


@dataclass(frozen=True)
class Starter:
    """Who starts a run, where Prefect does not know it: the command line.

    Attributes:
        actor: name of the person; "" = ask Prefect.
        scheduled: count failures and skip holds as a scheduled run does (a run that cron starts).
        ask: shows a person the plan that needs an approval, and gives the answer; None = nobody can be asked.
    """

    actor: str = ""
    scheduled: bool = False
    ask: Callable[[str], bool] | None = None


started_by: ContextVar[Starter | None] = ContextVar("started_by", default=None)


class Run:
    """One run of one webstore. Not a dataclass on purpose: Prefect walks through dataclasses that are passed to tasks.

    Attributes:
        run_id: unique; the Prefect flow run's id where there is one.
        trigger: "scheduled" or "manual"; holds bind scheduled runs only.
        store_lock: push and pull run side by side but commit one after the other.
        webstore, business_central: the clients; whatever they write asks `fence` first.
        page: what a partner's page of customers has; None = customers are read from API v2.0.
        accounts_announced: how many accounts the webstore said it has; 0 = it was not asked yet.
        actor: who is written into versions and logs.
        lately: what this process has seen of both systems a moment ago.
        warnings: what the summary must say besides the numbers.
        why_everybody: why a scheduled run that may read less reads everybody; "" = it does not, or every run does.
        missed_by_webhooks: accounts that had changed and of which no webhook had told; None = not counted.
        taken_over: the sides that are not read again, since a run that came to no end had landed them.
        leaves_landed: what it lands may be taken over, if it comes to no end.
        validated: what was found in the data, by suite, for the next run (connector.extract.revalidation).
        answers: the records that writes were answered with, as columns, where they are to be kept (connector.extract.keeping).
        ending: set when the run was cancelled: what is being written is finished, nothing more is begun.
    """

    def __init__(
        self,
        setup: Setup,
        store: Store,
        rules: Rules,
        *,
        run_id: str,
        trigger: str = "manual",
        actor: str = "customer-sync",
        dry_run: bool = False,
        progress: Progress = _silent,
        clients: tuple[WooCommerceClient, BusinessCentralClient] | None = None,
        lately: SeenLately | None = None,
    ) -> None:
        self.setup = setup
        self.store = store
        self.rules = rules
        self.run_id = run_id
        self.trigger = trigger
        self.actor = actor
        self.dry_run = dry_run
        self.progress = progress
        self.fence = Fence()
        self.webstore, self.business_central = clients or (
            WooCommerceClient(setup.webstore),
            BusinessCentralClient(setup.business_central),
        )
        self.lately = SeenLately() if lately is None else lately
        self.templates: Mapping[tuple[str, str], Mapping[str, Any]] = {}
        self.store_lock = threading.RLock()
        self.accounts_announced = 0
        self.page: Page | None = None
        self.warnings: list[str] = []
        self.why_everybody = ""
        self.missed_by_webhooks: int | None = None
        self.taken_over: Mapping[Side, Landed] = {}
        self.leaves_landed = False
        self.validated: dict[str, Any] = {}
        self.answers: list[tuple[Side, pa.Table]] = []
        self.ending = threading.Event()

    @property
    def code(self) -> str:
        """The webstore's code."""
        return self.setup.webstore_code

    @property
    def webstore(self) -> WooCommerceClient:
        """The webstore's client."""
        return self._webstore

    @webstore.setter
    def webstore(self, client: WooCommerceClient) -> None:
        client.guard = self.fence
        self._webstore = client

    @property
    def business_central(self) -> BusinessCentralClient:
        """Business Central's client."""
        return self._business_central

    @business_central.setter
    def business_central(self, client: BusinessCentralClient) -> None:
        client.guard = self.fence
        self._business_central = client

    @property
    def lease(self) -> Lease | None:
        """The right to write this webstore's customers; None = this run may write nothing."""
        return self.fence.lease

    @lease.setter
    def lease(self, lease: Lease | None) -> None:
        self.fence.lease = lease

    @property
    def terms(self) -> Terms:
        """The rules that this run decides under."""
        return Terms(
            rules=self.rules.fields,
            flags=flags_of(self.setup),
            geography=self.rules.geography,
            holds=self._holds(),
            templates=self.templates,
            decisions=self._decisions(),
            create_accounts=self.setup.accounts.account_mails == "send",
            username=str(self.setup.accounts.username),
            copy_billing_to_shipping=self.setup.accounts.copy_billing_to_shipping,
            ladder=Ladder(self.setup.matching.link, self.setup.matching.suggest),
        )

    def check_lease(self) -> None:
        """Raise StoreError when another run has taken over, because this process stood still for too long."""
        if self.lease is not None:
            self.lease.check()

    def follow(self, fields: FieldRules, told: Iterable[str]) -> None:
        """Follow another field map from now on, for reasons that the summary tells. Nothing is expected of properties that
        Business Central's page does not have."""
        side = str(Side.BUSINESS_CENTRAL)
        expected = [e for e in self.rules.suites.get(side, ()) if fields.absent.isdisjoint(e.fields)]
        suites = {**self.rules.suites, side: tuple(expected)}
        self.rules = replace(self.rules, fields=fields, suites=suites)
        self.warnings += told

    def know_countries(self, codes: Iterable[str]) -> None:
        """Check countries against the company's Countries/Regions from now on."""
        self.rules = replace(self.rules, geography=self.rules.geography.with_company(codes))

    def know_metadata(self, shown: bool) -> None:
        """Leave metadata alone from now on when the webstore does not show it: absent must never look like cleared."""
        fields = self.rules.fields
        if shown or not fields.meta_keys:
            return
        left_out = ", ".join(rule.field for rule in fields.rules if rule.in_metadata)
        self.warnings.append(
            f"The webstore did not show meta_data, so these fields were left alone: {left_out}. "
            "The owner of the API key must be an administrator."
        )
        self.rules = replace(self.rules, fields=fields.without_metadata())

    def _holds(self) -> Mapping[tuple[str, str], Refusal | None]:
        """Scheduled runs leave out customers on hold; manual runs ignore holds."""
        if self.trigger != "scheduled":
            return {}
        with self.store.view(self.code) as view:
            return held_writes(view)

    def _decisions(self) -> Mapping[tuple[str, int, str], Decision]:
        with self.store.view(self.code) as view:
            return decisions_of(view)

    def close(self) -> None:
        """Close the clients; the store belongs to whoever opened it."""
        self.webstore.close()
        self.business_central.close()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def flags_of(setup: Setup) -> Flags:
    """The setup's flags and policies as the engine needs them."""
    flags = setup.synchronization
    policies = flags.policies
    return Flags(
        push=str(flags.push_webstore_customers),
        pull=str(flags.pull_webstore_customers),
        policy=FieldPolicy(str(policies.conflict), str(policies.first_link), str(policies.blank), str(policies.drift)),
    )
