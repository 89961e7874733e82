"""One webstore and one company, the people who work in them, and the connector between: what scenario tests play with."""

from __future__ import annotations

import shutil
import sqlite3
import tomllib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

import mappings
from connector.desk.editing import tick
from connector.run.request import RunReport
from connector.setup import Setup, Synchronization, parse_setup
from sandbox.command import announcement, setup_text
from sandbox.server import Running
from tests.by_hand import by_hand
from tests.flows import runs

__all__ = ["SHIPPED", "Shop", "setup_of", "small_rules"]

QUIET = {"settle_seconds": 0, "policies": {"conflict": "ask", "first_link": "ask"}}
SHIPPED = Path(mappings.__file__).parent
# of a system of this process, by name: what both systems and the store held
_BEGINNINGS: dict[tuple[Any, str], tuple[Any, Any, bytes]] = {}
_SUITES = ("webstore", "business_central", "mapping", "plan")


def setup_of(running: Running, folder: Path, code: str, **synchronization: Any) -> Setup:
    """The setup of a sandbox: both flags open, conflicts ask, nothing is waited for."""
    folder.mkdir(parents=True, exist_ok=True)
    document = tomllib.loads(setup_text(running, webstore_code=code, directory=folder))
    document["synchronization"] |= {"mappings": str(small_rules(folder)), **QUIET, **synchronization}
    document["reports"] = {"folder": None}  # nobody looks at the plan's files, which cost a twentieth of a run
    document["extracts"] = {"keep": False}  # nor at what was read, which costs a tenth
    return parse_setup(document, origin=code, folder=folder, environ=announcement(running, folder)["env"])


def small_rules(folder: Path) -> Path:
    """Rule files that make a run cheap: no expectations, since Great Expectations takes ten times as long as the rest of the
    run, and of all states of the world only Norway's."""
    rules = folder / "rules"
    (rules / "quality").mkdir(parents=True, exist_ok=True)
    for suite in _SUITES:
        header = "expectation,field,value,when,severity,reason\n"
        (rules / "quality" / f"{suite}.csv").write_text(header, encoding="utf-8")
    header, *rows = (SHIPPED / "states.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (rules / "states.csv").write_text("".join([header, *(r for r in rows if r.startswith("NO,"))]), encoding="utf-8")
    return rules


@dataclass(frozen=True)
class Remembered:
    """All that the store says.

    Attributes:
        links: the mapping table, Business Central id → Webstore ID; ticked: whose box is ticked.
        version: of the mapping table; table: its rows and rejections as text.
        ever_linked: everybody who is or was in the mapping table, as (side, id).
        bases: pair → what the webstore and what Business Central held when they last agreed.
        decided: field → values that people have decided for, and that no run has applied yet.
        journal: all writes, oldest first.
        open_writes: those without an outcome.
    """

    links: dict[str, int | None]
    ticked: set[str]
    version: int
    table: str
    ever_linked: set[tuple[str, Any]]
    bases: dict[tuple[str, int], tuple[dict[str, str], dict[str, str]]]
    decided: dict[str, set[str]]
    journal: list[dict[str, Any]]
    open_writes: list[int]

    @property
    def pairs(self) -> set[tuple[str, int]]:
        """The pairs that are linked, and those that any run ever wrote."""
        written = {
            (row["bc_id"], row["webstore_id"])
            for row in self.journal
            if row["bc_id"] and row["webstore_id"] is not None
        }
        return written | {(bc_id, key) for bc_id, key in self.links.items() if key is not None}


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
        self.company = running.business_central
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

    def keep_extracts(self) -> None:
        """Keep what runs read from now on."""
        extracts = self.setup.extracts.model_copy(update={"keep": True})
        self.setup = self.setup.model_copy(update={"extracts": extracts})

    def begin_with(self, what: str, make: Callable[[], object]) -> None:
        """Begin with a state of both systems and the store that several tests begin with: made once, since that takes some
        runs, and put back for the others."""
        assert not self.running.webstore.customer_ids() and not self.company.customer_ids()
        key = (self.running.webstore, what)
        if key in _BEGINNINGS:
            of_the_webstore, of_the_company, store = _BEGINNINGS[key]
            self.running.webstore.restore(of_the_webstore)
            self.company.restore(of_the_company)
            self.store_file.write_bytes(store)
            return
        make()
        with closing(sqlite3.connect(self.store_file)) as store:
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _BEGINNINGS[key] = (self.running.webstore.snapshot(), self.company.snapshot(), self.store_file.read_bytes())

    # people

    def register(self, email: str, name: str = "Kari Nordmann", **billing: str) -> int:
        """Somebody makes an account; gives its id."""
        first, _, last = name.partition(" ")
        record = {"email": email, "first_name": first, "last_name": last, "billing": {"country": "NO", **billing}}
        return self.running.webstore.people_create(record)

    def employ(self, email: str, name: str = "Kari Nordmann", *, ticked: bool = False, **properties: Any) -> str:
        """The office makes a Business Central customer; gives its id."""
        record = {"displayName": name, "type": "Person", "email": email, "country": "NO", **properties}
        key = self.company.people_create(record)
        if ticked:
            by_hand(tick, self.setup, [self.number(key)])
        return key

    def type_in_webstore(self, account: int, **billing: str) -> None:
        """Somebody edits the billing address of an account."""
        self.running.webstore.people_update(account, {"billing": billing})

    def type_in_company(self, customer: str, **properties: Any) -> None:
        """Somebody edits a Business Central customer."""
        self.company.people_update(customer, properties)

    # looking

    def account(self, key: int) -> dict[str, Any]:
        """An account as it is."""
        return self.running.webstore.people_get(key)

    def customer(self, key: str) -> dict[str, Any]:
        """A Business Central customer as it is."""
        return self.company.people_get(key)

    def number(self, key: str) -> str:
        """A Business Central customer's number."""
        return str(self.customer(key)["number"])

    def accounts(self) -> dict[str, int]:
        """Accounts of any role: e-mail → id."""
        store = self.running.webstore
        return {store.people_get(key)["email"]: key for key in store.customer_ids()}

    def customers(self) -> dict[str, str]:
        """Business Central customers: e-mail → id."""
        store = self.company
        return {str(store.people_get(key)["email"]): key for key in store.customer_ids()}

    def remembered(self) -> Remembered:
        """All that the store says now, read past the product."""
        with closing(sqlite3.connect(self.store_file)) as store:
            store.row_factory = sqlite3.Row

            def rows(query: str) -> list[dict[str, Any]]:
                return [dict(row) for row in store.execute(query, {"code": self.setup.webstore_code})]

            mapping = rows("SELECT * FROM mapping_row WHERE webstore_code = :code ORDER BY bc_id, v_from")
            version = rows("SELECT max(number) AS newest FROM mapping_version WHERE webstore_code = :code")
            rejections = rows("SELECT bc_id, webstore_id FROM rejection WHERE webstore_code = :code AND v_to IS NULL")
            bases = rows("SELECT * FROM base JOIN base_values ON base_id = id WHERE webstore_code = :code")
            decisions = rows("SELECT * FROM decision WHERE webstore_code = :code")
            journal = rows("SELECT * FROM journal WHERE webstore_code = :code ORDER BY id")
        current = [row for row in mapping if row["v_to"] is None]
        decided: dict[str, set[str]] = {}
        for row in decisions:
            seen = {"webstore": row["webstore_seen"], "business-central": row["business_central_seen"]}
            decided.setdefault(row["field"], set()).add(seen.get(row["take"], row["value"]))
        ever = {("business_central", row["bc_id"]) for row in mapping}
        ever |= {("webstore", row["webstore_id"]) for row in mapping if row["webstore_id"] is not None}
        shown = ("bc_id", "bc_number", "webstore_id", "webstore_customer", "name", "username")
        rejected = sorted((row["bc_id"], row["webstore_id"]) for row in rejections)
        return Remembered(
            links={row["bc_id"]: row["webstore_id"] for row in current},
            ticked={row["bc_id"] for row in current if row["webstore_customer"]},
            version=version[0]["newest"] or 0,
            table=f"{[[row[name] for name in shown] for row in current]} {rejected}",
            ever_linked=ever,
            bases={
                (row["bc_id"], row["webstore_id"]): (
                    orjson.loads(row["webstore"]),
                    orjson.loads(row["business_central"]),
                )
                for row in bases
            },
            decided=decided,
            journal=journal,
            open_writes=[row["id"] for row in journal if row["outcome"] is None],
        )

    def links(self) -> dict[str, int | None]:
        """The mapping table: Business Central id → Webstore ID."""
        return self.remembered().links

    def journal(self) -> list[dict[str, Any]]:
        """All writes, oldest first."""
        return self.remembered().journal

    def writes(self) -> list[tuple[str, str]]:
        """What was asked to be written since `forget_requests`: (verb, target)."""
        logs = (self.running.webstore_log, self.running.business_central_log)
        return [(o.verb, o.target) for log in logs for e in log.writes() for o in e.operations if o.verb != "read"]

    def forget_requests(self) -> None:
        """Begin a new request log."""
        self.running.webstore_log.clear()
        self.running.business_central_log.clear()

    # runs

    def sync(self, *customers: str, **more: Any) -> RunReport:
        """Synchronise all customers, or the given ones."""
        return runs.synchronize(self.setup, customers, **more)

    def undo(self, run_id: str, **more: Any) -> RunReport:
        """Undo a run."""
        return runs.undo(self.setup, run_id, **more)

    def settle(self, most: int = 6) -> RunReport:
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
