"""Two systems, the people who edit in them, and what must be true of them at the end.

Every edit types a value that was never typed before, so that it can be told where each value came from:

- *lost edit*: nobody edited the field after somebody typed V there, and V does not stand there any more;
- *duplicate*: two customers of one system with one e-mail;
- *forgotten write*: a customer that the pipeline created and does not know, or a write without an outcome.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.desk.editing import tick
from connector.desk.inbox import list_conflicts
from connector.run.setup_source import opened_store
from sandbox.server import Running
from tests.by_hand import by_hand, seen

# canonical field → where a webstore customer and a Business Central customer keep it
FIELDS = {
    "phone": ("phone", "phoneNumber"),
    "address_1": ("address_1", "addressLine1"),
    "address_2": ("address_2", "addressLine2"),
    "city": ("city", "city"),
}


@dataclass
class World:
    """What people did, and a look at both systems."""

    running: Running
    setup: Path
    dice: random.Random
    # (e-mail, field) → last typed value per side, and which side typed last
    typed: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    last: dict[tuple[str, str], str] = field(default_factory=dict)
    serial: int = 0
    # e-mails of people who are not looked for any more
    gone: set[str] = field(default_factory=set)

    def fill(self, accounts: int, customers: int, both: int) -> None:
        """So many accounts, so many Business Central customers, and some that are on both sides."""
        for _ in range(accounts):
            self.new_account()
        numbers = [self.new_customer() for _ in range(customers)]
        for _ in range(both):
            self.new_pair()
        if numbers:
            by_hand(tick, self.setup, numbers)

    def new_account(self) -> None:
        """Somebody registers in the webstore."""
        self.serial += 1
        self.running.webstore.people_create(_account(self._person()))

    def new_customer(self) -> str:
        """The office adds a customer; gives its number."""
        self.serial += 1
        key = self.running.business_central.people_create(_customer(self._person()))
        return str(self.running.business_central.people_get(key)["number"])

    def new_ticked_customer(self) -> None:
        """The office adds a customer who belongs in the webstore."""
        by_hand(tick, self.setup, [self.new_customer()])

    def new_pair(self, *, differing: bool = False) -> None:
        """Somebody is on both sides, not linked; a differing one has another street on each."""
        self.serial += 1
        person = self._person()
        self.running.webstore.people_create(_account(person))
        if differing:
            person["street"] = f"Other street {self.serial}"
        self.running.business_central.people_create(_customer(person))

    def forget(self, side: str, keys: Sequence[str]) -> None:
        """Somebody deleted these customers of a side: nobody looks for their other halves."""
        records = self.accounts() if side == "webstore" else self.customers()
        others = self.customers() if side == "webstore" else self.accounts()
        assert not {str(record["id"]) for record in records.values()} & set(keys), "they are still there"
        self.gone |= others.keys() - records.keys()

    def went_back(self, side: str) -> None:
        """A side was restored: what was typed there and had reached the other side in time lives on in that one."""
        other = "webstore" if side == "business_central" else "business_central"
        records = self.customers() if side == "webstore" else self.accounts()
        for (email, name), typed in self.typed.items():
            if side in typed and email in records:
                webstore_field, company_field = FIELDS[name]
                record = records[email]
                reached = record[company_field] if side == "webstore" else record["billing"][webstore_field]
                if reached == typed[side]:
                    typed[other] = typed.pop(side)
                    self.last[email, name] = other

    def know_edit(self, side: str, keys: Sequence[str], name: str, value: str) -> None:
        """Somebody typed a value into a field of these customers of a side, past `edit`."""
        records = self.accounts() if side == "webstore" else self.customers()
        for email, record in records.items():
            if str(record["id"]) in keys:
                self.typed.setdefault((email, name), {})[side] = value
                self.last[email, name] = side

    def edit(self, side: str = "", names: Sequence[str] = ()) -> None:
        """Somebody types a new value into one field (of these) of one customer of one side (any, when none is named)."""
        side = side or self.dice.choice(("webstore", "business_central"))
        records = self.accounts() if side == "webstore" else self.customers()
        if not records:
            return
        email = self.dice.choice(sorted(records))
        name = self.dice.choice(names or sorted(FIELDS))
        self.serial += 1
        value = f"+47 2{self.serial:07d}" if name == "phone" else f"{name.title()} {self.serial}"
        webstore_field, company_field = FIELDS[name]
        if side == "webstore":
            self.running.webstore.people_update(records[email]["id"], {"billing": {webstore_field: value}})
        else:
            self.running.business_central.people_update(records[email]["id"], {company_field: value})
        self.typed.setdefault((email, name), {})[side] = value
        self.last[email, name] = side

    def accounts(self) -> dict[str, dict[str, Any]]:
        """Webstore customers by e-mail."""
        store = self.running.webstore
        return {r["email"].lower(): r for r in (store.people_get(k) for k in store.customer_ids("customer"))}

    def customers(self) -> dict[str, dict[str, Any]]:
        """Business Central customers by e-mail."""
        store = self.running.business_central
        return {r["email"].lower(): r for r in (store.people_get(k) for k in store.customer_ids())}

    def problems(self) -> dict[str, list[str]]:
        """What is wrong once everything is quiet: duplicates, forgotten writes, lost edits, pairs that differ."""
        w = {email: record for email, record in self.accounts().items() if email not in self.gone}
        c = {email: record for email, record in self.customers().items() if email not in self.gone}
        return {
            "duplicates": self._duplicates(),
            "forgotten": self._forgotten(w, c),
            "lost": self._lost(w, c),
            "differing": self._differing(w, c),
        }

    def _duplicates(self) -> list[str]:
        w = self.running.webstore
        c = self.running.business_central
        emails = Counter("webstore " + w.people_get(k)["email"].lower() for k in w.customer_ids())
        emails.update("business_central " + c.people_get(k)["email"].lower() for k in c.customer_ids())
        return sorted(email for email, count in emails.items() if count > 1)

    def _forgotten(self, w: dict[str, Any], c: dict[str, Any]) -> list[str]:
        """Everybody is on both sides by now, so everybody must be linked, to the right one."""
        with opened_store(self.setup) as (setup, store), store.view(setup.webstore_code) as view:
            mapping = view.mapping.current()
            unsettled = [f"write {intent.intent_id} has no outcome" for intent in view.journal.open()]
        linked = dict(zip(mapping["bc_id"], mapping["webstore_id"], strict=True))
        ticked = {str(key) for key in mapping["bc_id"]}
        wrong = [
            f"{email} is linked to {linked.get(record['id'].lower())}, not to {w[email]['id']}"
            for email, record in c.items()
            if email in w and linked.get(record["id"].lower()) != w[email]["id"]
        ]
        missing = [f"{email} is not in Business Central" for email in w if email not in c]
        missing += [f"{e} is not in the webstore" for e, r in c.items() if r["id"].lower() in ticked and e not in w]
        return sorted(unsettled + wrong + missing)

    def _lost(self, w: dict[str, Any], c: dict[str, Any]) -> list[str]:
        waiting = {(row["bc_number"], row["field"]) for row in seen(list_conflicts, self.setup)}
        lost = []
        for (email, name), typed in self.typed.items():
            if email in self.gone:
                continue
            webstore_field, company_field = FIELDS[name]
            now = {"webstore": w[email]["billing"][webstore_field], "business_central": c[email][company_field]}
            side = self.last[email, name]
            other = "webstore" if side == "business_central" else "business_central"
            if now[side] != typed[side]:
                lost.append(f"{email} {name}: {typed[side]!r} was typed in {side}, {now[side]!r} stands there")
            elif now[other] != typed[side]:
                asked = (c[email]["number"], name) in waiting
                if not asked or (other in typed and now[other] != typed[other]):
                    lost.append(f"{email} {name}: {side} has {now[side]!r}, {other} {now[other]!r}, asked: {asked}")
        return lost

    def _differing(self, w: dict[str, Any], c: dict[str, Any]) -> list[str]:
        waiting = {(row["bc_number"], row["field"]) for row in seen(list_conflicts, self.setup)}
        return [
            f"{email} {name}: {w[email]['billing'][a]!r} and {c[email][b]!r}"
            for email in sorted(w.keys() & c.keys())
            for name, (a, b) in FIELDS.items()
            if w[email]["billing"][a] != c[email][b] and (c[email]["number"], name) not in waiting
        ]

    def _person(self) -> dict[str, str]:
        n = self.serial
        return {
            "first": f"Person{n:05d}", "last": f"Family{n:05d}", "email": f"person{n:05d}@crash.example",
            "street": f"Street {n}", "phone": f"+47 4{n:07d}",
        }  # fmt: skip


def _account(person: dict[str, str]) -> dict[str, Any]:
    return {
        "email": person["email"],
        "first_name": person["first"],
        "last_name": person["last"],
        "billing": {"address_1": person["street"], "phone": person["phone"], "city": "Bergen", "country": "NO"},
    }


def _customer(person: dict[str, str]) -> dict[str, Any]:
    return {
        "displayName": f"{person['first']} {person['last']}",
        "type": "Person",
        "email": person["email"],
        "addressLine1": person["street"],
        "phoneNumber": person["phone"],
        "city": "Bergen",
        "country": "NO",
    }
