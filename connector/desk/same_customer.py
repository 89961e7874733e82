"""Linked customers of whom a person is asked whether they still are the same (core/identity.py), and the answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.core import business_central_customer, webstore_customer
from connector.core.customer_key import customer_key
from connector.core.customer_references import Who, find
from connector.core.identity import SAME, digest_of, marks_shown
from connector.desk.desk import Desk
from connector.errors import InputError
from connector.load.bases import remember_account
from connector.rules import rules_of
from connector.setup import Setup
from connector.store import MappingRow, StoredDecision, View, Work

__all__ = ["list_doubts", "say_other", "say_same"]


def list_doubts(view: View) -> list[dict[str, Any]]:
    """Who waits for an answer, as the newest runs saw it.

    Returns:
        One row per pair: `bc_id`, `bc_number`, `webstore_id`, `reason`, `since`, and user name and registration of the
        account that was linked (`username`, `created`; "" = not known).
    """
    found = []
    for row, (reason, since) in _doubtful(view).values():
        username, created = view.bases.marks(row.bc_id, row.webstore_id or 0)
        found.append(
            {
                "bc_id": row.bc_id,
                "bc_number": row.bc_number,
                "webstore_id": row.webstore_id,
                "reason": reason,
                "since": since,
                "username": username,
                "created": created,
            }
        )
    return sorted(found, key=lambda row: str(row["bc_number"]))


def say_same(desk: Desk, numbers: Sequence[str]) -> list[dict[str, Any]]:
    """They are the same customers: the marks of the accounts as they are now count from now on, and what was changed is
    synchronised by the next run, unless more changes before.

    Raises:
        InputError: naming everybody who is not asked about, or has gone; nothing was changed.
    """
    with desk.view() as view:
        asked = _asked(view, numbers)
    records = _records(desk.setup, asked)
    rules = rules_of(desk.setup)
    fields, geography = rules.fields.without_metadata(), rules.geography
    normalizers = fields.normalizers

    def answer(work: Work) -> None:
        for row, (account, customer) in zip(asked, records, strict=True):
            w = webstore_customer.canonical(
                webstore_customer.columns([account], fields), fields, geography
            ).to_pylist()[0]
            c_table = business_central_customer.columns([customer], fields)
            c = business_central_customer.canonical(c_table, fields, geography).to_pylist()[0]
            mark, shown = marks_shown(str(account.get("username") or ""), str(account.get("date_created_gmt") or ""))
            work.bases.mark(row.bc_id, int(account["id"]), mark, shown)
            work.decisions.put(
                StoredDecision(
                    bc_id=row.bc_id,
                    webstore_id=int(account["id"]),
                    field=SAME,
                    take="same",
                    webstore_seen=digest_of(w, normalizers),
                    business_central_seen=digest_of(c, normalizers),
                    actor=desk.actor,
                )
            )

    _answered(desk, asked, f"still the same: {', '.join(row.bc_number for row in asked)}", answer)
    return [{"bc_number": row.bc_number, "webstore_id": row.webstore_id, "answer": "same"} for row in asked]


def say_other(
    desk: Desk, numbers: Sequence[str], *, progress: Callable[[str, int, int], None] | None = None
) -> list[dict[str, Any]]:
    """They are other customers: the pairs are unlinked and remembered as not the same. Whose account carries the user name and
    registration that were linked, under another id, is linked to it.

    Returns:
        One row per customer: `bc_number`, `webstore_id` (None = nobody carries the old marks), `answer`.

    Raises:
        InputError: naming everybody who is not asked about; nothing was changed.
    """
    with desk.view() as view:
        asked = _asked(view, numbers)
        wanted = {view.bases.marks(row.bc_id, row.webstore_id or 0): row for row in asked}
    wanted = {marks: row for marks, row in wanted.items() if all(marks)}
    carriers = _carriers(desk.setup, wanted, progress) if wanted else {}

    def answer(work: Work) -> None:
        for row in asked:
            work.mapping.unlink(row.bc_id)
        taken = work.mapping.rows_by_webstore_id(int(account["id"]) for account in carriers.values())
        for bc_id, account in list(carriers.items()):
            if int(account["id"]) in taken:
                del carriers[bc_id]  # somebody has linked it to another customer
        for row in asked:
            carrier = carriers.get(row.bc_id)
            if carrier is not None:
                work.mapping.link(row.bc_id, row.bc_number, int(carrier["id"]), name=row.name)
                work.mapping.unreject(row.bc_id, int(carrier["id"]))
                # what both sides agreed on stays agreed: it is the same customer
                work.bases.move(row.bc_id, row.webstore_id or 0, int(carrier["id"]))
                remember_account(work, row.bc_id, carrier)

    _answered(desk, asked, f"another customer: {', '.join(row.bc_number for row in asked)}", answer)
    return [
        {
            "bc_number": row.bc_number,
            "webstore_id": int(carriers[row.bc_id]["id"]) if row.bc_id in carriers else None,
            "answer": "linked to whoever was meant" if row.bc_id in carriers else "unlinked",
        }
        for row in asked
    ]


def _doubtful(view: View) -> dict[str, tuple[MappingRow, tuple[str, Any]]]:
    """Business Central id → mapping row, reason and since when."""
    standing = view.quarantine.all()
    standing = standing[standing["field"] == SAME]
    reasons = {
        str(key): (str(reason), since)
        for key, reason, since in zip(standing["key"], standing["reason"], standing["since"], strict=True)
    }
    rows = view.mapping.rows_by_bc_id(key.removeprefix("bc:") for key in reasons)
    return {
        bc_id: (row, reasons[customer_key(bc_id, None)]) for bc_id, row in rows.items() if row.webstore_id is not None
    }


def _asked(view: View, numbers: Sequence[str]) -> list[MappingRow]:
    rows = [row for row, _ in _doubtful(view).values()]
    doubtful = {(row.bc_id, row.webstore_id): row for row in rows}
    who = [Who(row.bc_id, row.bc_number, row.webstore_id) for row in rows]
    found = find(numbers, who, "nobody asks about this customer")
    if found.problems or not numbers:
        raise InputError(
            "Nothing was changed:" if found.problems else "Which customers? Give their numbers.",
            problems=found.problems,
            hint="See customer-sync mapping doubts.",
        )
    asked = dict.fromkeys((one.bc_id or "", one.webstore_id) for entries in found.who for one in entries)
    return [doubtful[key] for key in asked]


def _records(setup: Setup, asked: Sequence[MappingRow]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Both records of each pair as they are now."""
    with WooCommerceClient(setup.webstore) as webstore:
        accounts = webstore.customers_by_id([row.webstore_id for row in asked if row.webstore_id is not None])
    with BusinessCentralClient(setup.business_central) as company:
        customers = company.customers_by_id([row.bc_id for row in asked])
    gone = [
        f"{row.bc_number}: gone on one side"
        for row in asked
        if row.webstore_id not in accounts or row.bc_id not in customers
    ]
    if gone:
        raise InputError("Nothing was changed:", problems=gone, hint="The next run tells what becomes of them.")
    return [(accounts[row.webstore_id or 0], customers[row.bc_id]) for row in asked]


def _carriers(
    setup: Setup, wanted: dict[tuple[str, str], MappingRow], progress: Callable[[str, int, int], None] | None
) -> dict[str, dict[str, Any]]:
    """Business Central id → the other account that carries the marks that were linked. Only the whole list tells."""
    found: dict[str, dict[str, Any]] = {}

    def keep(records: list[dict[str, Any]]) -> None:
        for record in records:
            row = wanted.get((str(record.get("username") or ""), str(record.get("date_created_gmt") or "")))
            # the account itself may carry them, when somebody typed another person over it: it is what the answer was no to
            if row is not None and int(record["id"]) != row.webstore_id:
                found[row.bc_id] = record

    fields = ("id", "username", "date_created_gmt", "date_modified_gmt")
    with WooCommerceClient(setup.webstore) as webstore:
        webstore.read_customers(
            keep,
            role="all",
            fields=fields,
            on_progress=None
            if progress is None
            else lambda done, total: progress("Looking for the account", done, total),
        )
    return found


def _answered(desk: Desk, asked: Sequence[MappingRow], reason: str, answer: Callable[[Work], None]) -> None:
    """One answer, one transaction; whoever was edited meanwhile is refused."""
    with desk.work(reason) as work:
        now = work.mapping.rows_by_bc_id(row.bc_id for row in asked)
        moved = [f"{row.bc_number}: linked to somebody else meanwhile" for row in asked if now.get(row.bc_id) != row]
        if moved:
            raise InputError("Nothing was changed:", problems=moved)
        answer(work)
        keys = {customer_key(row.bc_id, None) for row in asked}
        work.quarantine.replace((), only_keys=keys)
