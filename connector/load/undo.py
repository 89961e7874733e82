"""Undoing a run: reads what the journal says it wrote and what both sides hold now, and carries the reverse plan out.

Customers that the run created are unlinked (and the pair is remembered as rejected, so that no later run links or creates
them again by itself). Accounts in the webstore are deleted only when that is asked for, nobody is linked to them, and they
still are as the run left them; Business Central customers never.
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
from connector.errors import InputError, LookedTooLongAgo, OutcomeUnknown
from connector.load.fencing import looked_at
from connector.load.rechecking import canonical_record, same_value
from connector.load.run import Run
from connector.load.versions import records
from connector.store import Intent, Settlement

__all__ = ["plan_undo", "unlink_created"]

_DONE = ("confirmed", "adopted")
_BATCH = 100


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
    done = [_done(run, row) for row in rows if row["outcome"] in _DONE and row["operation"] != "delete"]
    ticked = dict(zip(mapping["bc_id"], mapping["webstore_customer"].astype(bool), strict=True))
    pairs = _pairs(run, {(d.bc_id, d.webstore_id) for d in done}, ticked)
    return reversal(run_id, done, pairs, run.terms)


def unlink_created(run: Run, created: Sequence[Created], *, delete_accounts: bool) -> list[dict[str, Any]]:
    """Unlink what the undone run created; one row per customer: who, and what became of it."""
    with run.store_lock, run.store.work(run.code) as work:
        work.describe(actor=run.actor, reason="undo", run_id=run.run_id)
        for customer in created:
            row = work.mapping.row(bc_id=customer.bc_id)
            if row is not None and row.webstore_id == customer.webstore_id:
                work.mapping.unlink(customer.bc_id)
    states = dict.fromkeys(created, "unlinked, kept")
    accounts = [customer for customer in created if customer.direction is Direction.PUSH]
    if delete_accounts and accounts:
        if str(run.setup.synchronization.push_webstore_customers) == "None":
            states |= dict.fromkeys(accounts, "unlinked, kept: Push Webstore Customers = None")
        else:
            for start in range(0, len(accounts), _BATCH):
                with looked_at():
                    states |= _delete(run, accounts[start : start + _BATCH])
    return [
        {
            "bc_number": customer.bc_number,
            "webstore_id": customer.webstore_id,
            "created_in": str(customer.direction.target),
            "now": state,
        }
        for customer, state in states.items()
    ]


def _delete(run: Run, accounts: Sequence[Created]) -> dict[Created, str]:
    """Delete accounts, each looked at once more before, with an intent in the journal."""
    now = run.webstore.customers_by_id([account.webstore_id for account in accounts])
    states: dict[Created, str] = {}
    doomed: list[tuple[Created, Mapping[str, str]]] = []
    with run.store_lock, run.store.work(run.code) as work:
        for account in accounts:
            record = now.get(account.webstore_id)
            values = canonical_record(run, Direction.PUSH, record)[1] if record else {}
            if record is None:
                states[account] = "unlinked, gone already"
            elif work.mapping.row(webstore_id=account.webstore_id) is not None:
                states[account] = "kept: another customer is linked to it"
            elif any(not same_value(run, n, values[n], v) for n, v in account.left.items() if n in values):
                states[account] = "unlinked, kept: it was changed since the run"
            else:
                doomed.append((account, values))
        ids = work.journal.intend([_delete_intent(run, account, values) for account, values in doomed])
    if not doomed:
        return states
    try:
        outcomes = run.webstore.batch(delete=[account.webstore_id for account, _ in doomed]).delete
    except LookedTooLongAgo as old:
        with run.store_lock, run.store.work(run.code) as work:
            work.journal.settle([Settlement(i, "dropped", message=old.message) for i in ids])
        return states | {account: f"unlinked, kept: {old.message}" for account, _ in doomed}
    settlements = []
    for (account, _), intent_id, outcome in zip(doomed, ids, outcomes, strict=True):
        if outcome.error is None:
            settlements.append(Settlement(intent_id, "confirmed"))
        elif not isinstance(outcome.error, OutcomeUnknown):
            settlements.append(Settlement(intent_id, "refused", message=str(outcome.error)))
        states[account] = "unlinked and deleted" if outcome.error is None else f"unlinked, kept: {outcome.error}"
    with run.store_lock, run.store.work(run.code) as work:
        work.journal.settle(settlements)
    return states


def _delete_intent(run: Run, account: Created, values: Mapping[str, str]) -> Intent:
    return Intent(
        run_id=run.run_id,
        direction=str(Direction.PUSH),
        system=str(Direction.PUSH.target),
        operation="delete",
        bc_id=account.bc_id,
        bc_number=account.bc_number,
        webstore_id=account.webstore_id,
        natural_key="",
        payload={"id": account.webstore_id},
        before=values,
        after=dict.fromkeys(values, ""),
        rule="undo: the account was created by the undone run",
    )


def _full_id(run: Run, text: str) -> str:
    with run.store.view(run.code) as view:
        known = [str(key) for key in view.runs.list(100_000)["run_id"]]
    found = [key for key in known if key == text] or [key for key in known if text and key.startswith(text)]
    if len(found) != 1:
        what = "There is no run" if not found else f"{len(found)} runs begin with"
        raise InputError(f"{what} {text}.", hint="See customer-sync runs list.")
    return found[0]


def _done(run: Run, row: Mapping[str, Any]) -> Done:
    direction = Direction(str(row["direction"]))
    remote = str(row["remote_id"] or "")
    pushing = direction is Direction.PUSH
    created = row["operation"] == "create"
    record = orjson.loads(row["record"]) if row["record"] else {}
    if row["outcome"] == "adopted":
        # looked up later: what is neither the old nor the new value there, somebody had typed by then
        sent = orjson.loads(row["after"])
        record |= {
            name: value for name, value in sent.items() if not same_value(run, name, record.get(name, ""), value)
        }
    return Done(
        direction=direction,
        operation=str(row["operation"]),
        bc_id=remote if created and not pushing else str(row["bc_id"]),
        webstore_id=int(remote) if created and pushing else int(row["webstore_id"]),
        before=orjson.loads(row["before"]),
        after=record,
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
