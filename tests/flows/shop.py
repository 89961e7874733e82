"""One webstore and one company, the people who work in them, and the connector between: what scenario tests play with."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from connector.load.editing import tick
from connector.load.session import opened_store
from connector.setup import Setup, Synchronization, parse_setup
from sandbox.command import announcement, setup_text
from sandbox.server import Running
from tests.flows import steps
from tests.flows.steps import Done

__all__ = ["Shop", "setup_of"]

QUIET = {"settle_seconds": 0, "policies": {"conflict": "ask", "first_link": "ask"}}
_SUITES = ("webstore", "business_central", "mapping", "plan")


def setup_of(running: Running, folder: Path, code: str, **synchronization: Any) -> Setup:
    """The setup of a sandbox: both flags open, conflicts ask, nothing is waited for."""
    folder.mkdir(parents=True, exist_ok=True)
    document = tomllib.loads(setup_text(running, webstore_code=code, directory=folder))
    document["synchronization"] |= {"mappings": str(_without_expectations(folder)), **QUIET, **synchronization}
    document["reports"] = {"folder": str(folder / "reports")}
    return parse_setup(document, origin=code, folder=folder, environ=announcement(running, folder)["env"])


def _without_expectations(folder: Path) -> Path:
    """Rule files that leave Great Expectations out, which would take ten times as long as the rest of the run."""
    rules = folder / "rules"
    (rules / "quality").mkdir(parents=True, exist_ok=True)
    for suite in _SUITES:
        header = "expectation,field,value,when,severity,reason\n"
        (rules / "quality" / f"{suite}.csv").write_text(header, encoding="utf-8")
    return rules


class Shop:
    """A webstore, a company and a store.

    Args:
        store: an empty store's file to be copied, since making one takes longer than a run.
        synchronization: settings of that section.
    """

    def __init__(
        self, running: Running, folder: Path, *, code: str = "shop", store: Path | None = None, **synchronization: Any
    ) -> None:
        self.running = running
        self.folder = folder
        self.setup = setup_of(running, folder, code, **synchronization)
        self.store_file = folder / "store.sqlite"
        if store is not None and not self.store_file.exists():
            shutil.copy(store, self.store_file)

    def change(self, **synchronization: Any) -> None:
        """Change the setup; policies are merged."""
        settings = self.setup.synchronization.model_dump()
        policies = settings["policies"] | synchronization.pop("policies", {})
        changed = Synchronization.model_validate({**settings, **synchronization, "policies": policies})
        self.setup = self.setup.model_copy(update={"synchronization": changed})

    # people

    def register(self, email: str, name: str = "Kari Nordmann", **billing: str) -> int:
        """Somebody makes an account; gives its id."""
        first, _, last = name.partition(" ")
        record = {"email": email, "first_name": first, "last_name": last, "billing": {"country": "NO", **billing}}
        return self.running.webstore.people_create(record)

    def employ(self, email: str, name: str = "Kari Nordmann", *, ticked: bool = False, **properties: Any) -> str:
        """The office makes a Business Central customer; gives its id."""
        record = {"displayName": name, "type": "Person", "email": email, "country": "NO", **properties}
        key = self.running.business_central.people_create(record)
        if ticked:
            tick(self.setup, [self.number(key)], actor="the office")
        return key

    def type_in_webstore(self, account: int, **billing: str) -> None:
        """Somebody edits the billing address of an account."""
        self.running.webstore.people_update(account, {"billing": billing})

    def type_in_company(self, customer: str, **properties: Any) -> None:
        """Somebody edits a Business Central customer."""
        self.running.business_central.people_update(customer, properties)

    # looking

    def account(self, key: int) -> dict[str, Any]:
        """An account as it is."""
        return self.running.webstore.people_get(key)

    def customer(self, key: str) -> dict[str, Any]:
        """A Business Central customer as it is."""
        return self.running.business_central.people_get(key)

    def number(self, key: str) -> str:
        """A Business Central customer's number."""
        return str(self.customer(key)["number"])

    def accounts(self) -> dict[str, int]:
        """Accounts of any role: e-mail → id."""
        store = self.running.webstore
        return {store.people_get(key)["email"]: key for key in store.customer_ids()}

    def customers(self) -> dict[str, str]:
        """Business Central customers: e-mail → id."""
        store = self.running.business_central
        return {str(store.people_get(key)["email"]): key for key in store.customer_ids()}

    def links(self) -> dict[str, int | None]:
        """The mapping table: Business Central id → Webstore ID."""
        with opened_store(self.setup) as (setup, store), store.view(setup.webstore_code) as view:
            mapping = view.mapping.current()
        ids = mapping["webstore_id"]
        return {
            str(b): None if pd.isna(w) else int(w) for b, w in zip(mapping["bc_id"], ids.astype(object), strict=True)
        }

    def journal(self) -> list[dict[str, Any]]:
        """All writes, oldest first."""
        with opened_store(self.setup) as (setup, store), store.view(setup.webstore_code) as view:
            frame = view.journal.newest(100_000).iloc[::-1]
            return [{str(k): v for k, v in row.items()} for row in frame.to_dict(orient="records")]

    def writes(self) -> list[tuple[str, str]]:
        """What was asked to be written since `forget_requests`: (verb, target)."""
        logs = (self.running.webstore_log, self.running.business_central_log)
        return [(o.verb, o.target) for log in logs for e in log.writes() for o in e.operations if o.verb != "read"]

    def forget_requests(self) -> None:
        """Begin a new request log."""
        self.running.webstore_log.clear()
        self.running.business_central_log.clear()

    # runs

    def sync(self, *customers: str, **more: Any) -> Done:
        """Synchronise all customers, or the given ones."""
        return steps.synchronize(self.setup, customers, **more)

    def undo(self, run_id: str, **more: Any) -> Done:
        """Undo a run."""
        return steps.undo(self.setup, run_id, **more)

    def settle(self, most: int = 6) -> Done:
        """Run until a run writes nothing."""
        for _ in range(most):
            self.forget_requests()
            done = self.sync()
            if not self.writes():
                return done
        raise AssertionError("the two systems do not come to rest")


def by_name(rows: Sequence[dict[str, Any]], name: str) -> dict[Any, dict[str, Any]]:
    """Rows by one of their columns."""
    return {row[name]: row for row in rows}
