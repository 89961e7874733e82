"""Undoing a run: reads what the journal says it wrote and what both sides hold now, and carries the reverse plan out.

Customers that the run created are unlinked (and the pair is remembered as rejected, so that no later run links or creates
them again by itself). Accounts in the webstore are deleted only when that is asked for; Business Central never.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from connector.core import business_central_customer, webstore_customer
from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.core.planning import Pair
from connector.core.undoing import Created, Done, reversal
from connector.errors import InputError
from connector.load.run import Run
from connector.load.versions import records

__all__ = ["plan_undo", "unlink_created"]

_DONE = ("confirmed", "adopted")


def plan_undo(run: Run, undone_run: str) -> tuple[Plan, list[Created]]:
    """The reverse of a run as a plan; writes nothing.

    Args:
        undone_run: the run's id, or the beginning of it.

    Raises:
        InputError: there is no such run, or the beginning fits several.
    """
    run_id = _full_id(run, undone_run)
    with run.store.view(run.code) as view:
        rows = records(view.journal.of_run(run_id))
        mapping = view.mapping.current()
    done = [_done(row) for row in rows if row["outcome"] in _DONE]
    ticked = dict(zip(mapping["bc_id"], mapping["webstore_customer"].astype(bool), strict=True))
    pairs = _pairs(run, {(d.bc_id, d.webstore_id) for d in done}, ticked)
    return reversal(run_id, done, pairs, run.terms)


def unlink_created(run: Run, created: Sequence[Created], *, delete_accounts: bool) -> list[dict[str, Any]]:
    """Unlink what the undone run created; one row per customer: who, and what became of it."""
    told: list[dict[str, Any]] = []
    with run.store_lock, run.store.work(run.code) as work:
        work.describe(actor=run.actor, reason="undo", run_id=run.run_id)
        for customer in created:
            row = work.mapping.row(bc_id=customer.bc_id)
            if row is not None and row.webstore_id == customer.webstore_id:
                work.mapping.unlink(customer.bc_id)
    accounts = [c.webstore_id for c in created if c.direction is Direction.PUSH]
    deleted: set[int] = set()
    if delete_accounts and accounts:
        for start in range(0, len(accounts), 100):
            chunk = accounts[start : start + 100]
            outcomes = run.webstore.batch(delete=chunk).delete
            deleted |= {key for key, outcome in zip(chunk, outcomes, strict=True) if outcome.ok}
    for customer in created:
        system = "webstore" if customer.direction is Direction.PUSH else "business_central"
        state = "unlinked and deleted" if customer.webstore_id in deleted and system == "webstore" else "unlinked, kept"
        told.append(
            {"bc_number": customer.bc_number, "webstore_id": customer.webstore_id, "created_in": system, "now": state}
        )
    return told


def _full_id(run: Run, text: str) -> str:
    with run.store.view(run.code) as view:
        known = [str(key) for key in view.runs.list(100_000)["run_id"]]
    found = [key for key in known if key == text] or [key for key in known if text and key.startswith(text)]
    if len(found) != 1:
        what = "There is no run" if not found else f"{len(found)} runs begin with"
        raise InputError(f"{what} {text}.", hint="See customer-sync runs list.")
    return found[0]


def _done(row: Mapping[str, Any]) -> Done:
    direction = Direction(str(row["direction"]))
    remote = str(row["remote_id"] or "")
    pushing = direction is Direction.PUSH
    created = row["operation"] == "create"
    return Done(
        direction=direction,
        operation=str(row["operation"]),
        bc_id=remote if created and not pushing else str(row["bc_id"]),
        webstore_id=int(remote) if created and pushing else int(row["webstore_id"]),
        before=orjson.loads(row["before"]),
        after=orjson.loads(row["record"]) if row["record"] else {},
    )


def _pairs(run: Run, keys: set[tuple[str, int]], ticked: Mapping[str, bool]) -> dict[tuple[str, int], Pair]:
    """What both sides hold now of these pairs; a pair of which one side has gone is missing."""
    w_records = run.webstore.customers_by_id(sorted({key for _, key in keys}))
    c_records = {k.lower(): r for k, r in run.business_central.customers_by_id(sorted({k for k, _ in keys})).items()}
    rules, geography = run.rules.fields, run.rules.geography
    pairs: dict[tuple[str, int], Pair] = {}
    for bc_id, webstore_id in keys:
        w, c = w_records.get(webstore_id), c_records.get(bc_id)
        if w is None or c is None:
            continue
        w_table, c_table = webstore_customer.columns([w], rules), business_central_customer.columns([c], rules)
        blank: dict[str, str | None] = dict.fromkeys(rules.names)
        pairs[bc_id, webstore_id] = Pair(
            bc_id=bc_id,
            bc_number=str(c["number"]),
            webstore_id=webstore_id,
            ticked=ticked.get(bc_id, False),
            w=webstore_customer.canonical(w_table, rules, geography).to_pylist()[0],
            c=business_central_customer.canonical(c_table, rules, geography).to_pylist()[0],
            base_w=blank,
            base_c=blank,
            w_raw=w_table.to_pylist()[0],
            c_raw=c_table.to_pylist()[0],
        )
    return pairs
