"""Undoing a run: reads what the journal says it wrote and what both sides hold now, and carries the reverse plan out.

Customers that the run created are unlinked (and the pair is remembered as rejected, so that no later run links or creates
them again by itself). Accounts in the webstore are deleted only when that is asked for, nobody is linked to them, and they
still are as the run left them; Business Central customers never. All of that stands in the plan, and nothing else is done.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from connector.core import batch_sizes, business_central_customer, webstore_customer
from connector.core.approval import Lost
from connector.core.customer import Direction, Side
from connector.core.identity import OTHER_MARKS
from connector.core.intended import Intended
from connector.core.plan import Plan
from connector.core.planning import KEPT_OUT
from connector.core.terms import Terms
from connector.core.undoing import Done, Links, reversal
from connector.core.undone_creates import DELETE, KEEP, UndoneCreate
from connector.core.updates import Pair
from connector.errors import LookedTooLongAgo, OutcomeUnknown
from connector.extract.missing import kept_out
from connector.load.bases import is_another_account
from connector.load.recheck import canonical_record, read_again, same_value
from connector.run.fence import looked_at
from connector.run.names_given import find_run
from connector.run.result import Failure, LoadResult
from connector.run.run import Run
from connector.store import Intent, Settlement, Work, records

__all__ = ["created_rows", "plan_undo", "unlink_created"]

_NAMES = {Side.WEBSTORE: "the webstore", Side.BUSINESS_CENTRAL: "Business Central"}
_DONE = ("confirmed", "adopted")
_Key = tuple[str, int, Direction]


def plan_undo(run: Run, undone_run: str, *, delete_accounts: bool = False, its_flags: bool = False) -> Plan:
    """The reverse of a run as a plan; writes nothing.

    Args:
        undone_run: the run's id, or the beginning of it.
        delete_accounts: delete the webstore accounts that it created.
        its_flags: open the directions in which that run wrote, whatever the flags say now: it may have had overrides, or the
            flags were closed after it.

    Raises:
        InputError: it is empty, there is no such run, or the beginning fits several.
    """
    with run.store.view(run.code) as view:
        run_id = find_run(view, undone_run)
        rows = records(view.journal.of_run(run_id))
        mapping = view.mapping.current()
        done = [_done(run, row) for row in rows if row["outcome"] in _DONE and row["operation"] != "delete"]
        marks = {key: view.bases.marks(*key) for key in {(d.bc_id, d.webstore_id) for d in done}}
        agreed = {
            key: (base.webstore, base.business_central)
            for key, base in view.bases.find({bc_id for bc_id, _ in marks}).items()
        }
    ticked = dict(zip(mapping["bc_id"], mapping["webstore_customer"].astype(bool), strict=True))
    pairs, accounts = _pairs(run, marks, ticked)
    linked = mapping.dropna(subset=["webstore_id"])
    links = Links(
        accounts,
        dict(zip(linked["bc_id"], linked["webstore_id"].astype(int), strict=True)),
        dict(zip(mapping["bc_id"], mapping["bc_number"].astype(str), strict=True)),
    )
    terms = _terms(run, run_id, {one.direction for one in done}, its_flags=its_flags)
    return reversal(run_id, done, pairs, terms, links, agreed, delete_accounts=delete_accounts)


def _terms(run: Run, run_id: str, written: Collection[Direction], *, its_flags: bool) -> Terms:
    """The run's terms. Where a flag closes a direction in which the undone run wrote, it is opened if that is wished, and told
    otherwise."""
    terms = run.terms
    closed = {way for way in written if (terms.flags.push if way is Direction.PUSH else terms.flags.pull) == "None"}
    if its_flags:
        push = "Mapped Only" if Direction.PUSH in closed else terms.flags.push
        pull = "All" if Direction.PULL in closed else terms.flags.pull
        return replace(terms, flags=replace(terms.flags, push=push, pull=pull))
    for way in sorted(closed):
        run.warnings.append(
            f"Run {run_id[:8]} wrote, and {terms.flags.gate_text(way, True)} now: what it wrote in {_NAMES[way.target]} stays. "
            "To put it back, undo it with the flags that it had (--its-flags; in the console the box beside Preview the undo)."
        )
    return terms


def unlink_created(run: Run, plan: Plan, result: LoadResult) -> list[dict[str, Any]]:
    """Unlink, and delete, what the plan says of customers that the undone run created.

    Args:
        result: gets what was deleted, what failed, and who was kept after all, with the reason.

    Returns:
        One row per customer: who, where it was created, and what became of it.
    """
    with run.store_lock, run.store.work(run.code) as work:
        work.describe(actor=run.actor, reason="undo", run_id=run.run_id)
        for customer in plan.unlinks:
            row = work.mapping.row(bc_id=customer.bc_id)
            if row is not None and row.webstore_id == customer.webstore_id:
                work.mapping.unlink(customer.bc_id)
    states = {_key(customer): _state(customer) for customer in plan.undone_creates}
    for start in range(0, len(plan.deletions), batch_sizes.WEBSTORE):
        with looked_at():
            states |= _delete(run, plan.deletions[start : start + batch_sizes.WEBSTORE], result)
    return created_rows(plan, states)


def created_rows(plan: Plan, states: Mapping[_Key, str] | None = None) -> list[dict[str, Any]]:
    """The customers that the undone run created, for people: `bc_number`, `webstore_id`, `created_in`, `now`.

    Args:
        states: what became of them; None = nothing yet: what would.
    """
    return [
        {
            "bc_number": customer.bc_number,
            "webstore_id": customer.webstore_id,
            "created_in": str(customer.direction.target),
            "now": _would(customer) if states is None else states[_key(customer)],
        }
        for customer in plan.undone_creates
    ]


def _key(customer: UndoneCreate) -> _Key:
    return customer.bc_id, customer.webstore_id, customer.direction


def _state(customer: UndoneCreate) -> str:
    """What has become of a customer that is not deleted."""
    kept = customer.reason.partition("; kept: ")[2]
    if customer.action == KEEP:
        return f"kept: {kept or customer.reason}"
    return f"unlinked, kept: {kept}" if kept else "unlinked, kept"


def _would(customer: UndoneCreate) -> str:
    if customer.action == DELETE:
        return "would be unlinked and deleted"
    return _state(customer).replace("unlinked, kept", "would be unlinked, kept", 1)


def _delete(run: Run, accounts: Sequence[UndoneCreate], result: LoadResult) -> dict[_Key, str]:
    """Delete accounts, each looked at once more before, with an intent in the journal."""
    now = read_again(run, Side.WEBSTORE, [account.webstore_id for account in accounts])
    states: dict[_Key, str] = {}
    doomed: list[tuple[UndoneCreate, Mapping[str, str]]] = []
    with run.store_lock, run.store.work(run.code) as work:
        for account in accounts:
            record = now.get(account.webstore_id)
            values = canonical_record(run, Direction.PUSH, record)[1] if record else {}
            why_not = _why_not(run, work, account, record, values)
            if why_not:
                states[_key(account)] = f"unlinked, kept: {why_not}"
                result.lost.append(Lost(_deletion(account), why_not))
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
        return states | {_key(account): f"unlinked, kept: {old.message}" for account, _ in doomed}
    settlements = []
    for (account, _), intent_id, outcome in zip(doomed, ids, outcomes, strict=True):
        error = outcome.error
        if error is None:
            settlements.append(Settlement(intent_id, "confirmed"))
            result.deleted += 1
            states[_key(account)] = "unlinked and deleted"
            continue
        result.failed += 1
        label, code = account.bc_number or f"woo:{account.webstore_id}", type(error).__name__
        result.failures.append(Failure(label, str(Direction.PUSH.target), code, str(error)))
        if isinstance(error, OutcomeUnknown):  # the intent stays open: the next run looks
            states[_key(account)] = f"unlinked, perhaps deleted: {error}"
        else:
            settlements.append(Settlement(intent_id, "refused", message=str(error)))
            states[_key(account)] = f"unlinked, kept: {error}"
    with run.store_lock, run.store.work(run.code) as work:
        work.journal.settle(settlements)
        deleted = [account for (account, _), outcome in zip(doomed, outcomes, strict=True) if outcome.error is None]
        work.directory.remove(webstore_ids=[a.webstore_id for a in deleted if a.webstore_id is not None])
    return states


def _deletion(account: UndoneCreate) -> Intended:
    return Intended(DELETE, str(account.direction), account.bc_id, account.bc_number, account.webstore_id)


def _why_not(
    run: Run, work: Work, account: UndoneCreate, record: Mapping[str, Any] | None, values: Mapping[str, str]
) -> str:
    """Why an account must not be deleted; "" = it is what the undone run left, and nobody's."""
    if record is None:
        return "gone already"
    if work.mapping.row(webstore_id=account.webstore_id) is not None:
        return "another customer is linked to it"
    if is_another_account(work.bases.marks(account.bc_id, account.webstore_id), record):
        return "its id belongs to another account by now"
    if any(not same_value(run, n, values[n], v) for n, v in account.held.items() if n in values):
        return "it was changed since it was read"
    return ""


def _delete_intent(run: Run, account: UndoneCreate, values: Mapping[str, str]) -> Intent:
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
        bc_number=str(row["bc_number"] or ""),
    )


def _pairs(
    run: Run, marks: Mapping[tuple[str, int], tuple[str, str]], ticked: Mapping[str, bool]
) -> tuple[dict[tuple[str, int], Pair], dict[int, dict[str, str]]]:
    """What both sides hold now of these pairs (one of which a side has gone is missing), and what the accounts hold."""
    w_records = read_again(run, Side.WEBSTORE, {key for _, key in marks})
    c_records = read_again(run, Side.BUSINESS_CENTRAL, sorted({key for key, _ in marks}))
    rules, geography = run.rules.fields, run.rules.geography
    pairs: dict[tuple[str, int], Pair] = {}
    out = kept_out(run, [webstore_customer.columns(list(w_records.values()), rules)])
    for (bc_id, webstore_id), linked in marks.items():
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
            closed=_closed(linked, w, out),
        )
    accounts = {w: {name: pair.w[name] for name in rules.names} for (_, w), pair in pairs.items()}
    accounts |= {
        key: canonical_record(run, Direction.PUSH, record)[1]
        for key, record in w_records.items()
        if key not in accounts
    }
    return pairs, accounts


def _closed(linked: tuple[str, str], account: Mapping[str, Any], out: Collection[int]) -> str:
    """Why nothing must be put back in a pair: its account is somebody else's, or has another role by now; "" = it may be."""
    if is_another_account(linked, account):
        return OTHER_MARKS
    return KEPT_OUT.format(role=account.get("role")) if int(account["id"]) in out else ""
