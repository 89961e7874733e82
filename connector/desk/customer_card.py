"""One customer on one page: what each side holds, what both last agreed on, and what the next run would do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.core import business_central_customer, webstore_customer
from connector.core.normalize import NORMALIZERS
from connector.rules import Rules, rules_of
from connector.run.decisions import decisions_of
from connector.setup import PullWebstoreCustomers, PushWebstoreCustomers, Setup
from connector.store import View, records

__all__ = ["FieldNow", "field_by_field", "looked_up"]


@dataclass(frozen=True)
class FieldNow:
    """One field of a customer.

    Attributes:
        business_central, webstore: the values; None = not known.
        agreed: what both last agreed on; None = they never did.
        will: what the next run does about it, and why, in words.
        is_conflict: it waits for a person.
        differs: the two values are not the same to the field's rule.
        changed_at, changed_by, run_id: the last write of this pipeline; blank = there was none.
    """

    field: str
    business_central: str | None
    webstore: str | None
    agreed: str | None
    will: str
    is_conflict: bool = False
    differs: bool = False
    decided: str = ""
    changed_at: datetime | None = None
    changed_by: str = ""
    run_id: str = ""


def field_by_field(
    view: View,
    setup: Setup,
    bc_id: str | None,
    webstore_id: int | None,
    looked: tuple[Mapping[str, str] | None, Mapping[str, str] | None] | None = None,
) -> list[FieldNow]:
    """The fields of a customer, in the order of the rules.

    Args:
        looked: canonical values as both systems have them now (Business Central, webstore; None = not there); None = they were
            not asked: then it is what the last run saw.
    """
    rules = rules_of(setup)
    base = _base(view, bc_id, webstore_id)
    seen: tuple[Mapping[str, str] | None, Mapping[str, str] | None]
    seen = looked if looked is not None else _last_seen(view, bc_id, webstore_id, base)
    about = view.conflicts.rows_about([bc_id] if bc_id is not None else [])
    conflicts = {row["field"] for row in about if row["webstore_id"] == webstore_id}
    decided = {key[2]: one.take for key, one in decisions_of(view).items() if key[:2] == (bc_id, webstore_id)}
    written: dict[str, dict[str, Any]] = {}
    for row in records(view.history(bc_id=bc_id, webstore_id=webstore_id)):
        if row["direction"] != "mapping" and row["outcome"] in {"confirmed", "adopted"}:
            written[row["field"]] = row
    return [
        _field_now(rules, setup, name, base, seen, name in conflicts, decided.get(name, ""), written.get(name))
        for name in (rule.field for rule in rules.fields.rules)
    ]


def looked_up(
    setup: Setup, bc_id: str | None, webstore_id: int | None
) -> tuple[dict[str, str] | None, dict[str, str] | None]:
    """The customer as both systems have it now, as canonical values: Business Central's, the webstore's; None = not there.

    Raises:
        RemoteTrouble, RemoteRefused, SetupError: a system cannot be asked. `setup` must have its secrets.
    """
    rules = rules_of(setup)
    card = account = None
    if bc_id is not None:
        with BusinessCentralClient(setup.business_central) as company:
            card = company.customers_by_id([bc_id]).get(bc_id)
    if webstore_id is not None:
        with WooCommerceClient(setup.webstore) as webstore:
            account = webstore.customers_by_id([webstore_id]).get(webstore_id)
    return _canonical(business_central_customer, card, rules), _canonical(webstore_customer, account, rules)


def _canonical(module: Any, record: Mapping[str, Any] | None, rules: Rules) -> dict[str, str] | None:
    if record is None:
        return None
    table = module.columns([record], rules.fields)
    (row,) = module.canonical(table, rules.fields, rules.geography).to_pylist()
    return {name: value for name, value in row.items() if name not in {"bc_id", "webstore_id"} and value is not None}


def _base(view: View, bc_id: str | None, webstore_id: int | None) -> tuple[Mapping[str, str], Mapping[str, str]] | None:
    """What both sides agreed on: Business Central's values, the webstore's."""
    if bc_id is None or webstore_id is None:
        return None
    base = view.bases.find([bc_id]).get((bc_id, webstore_id))
    return None if base is None else (base.business_central, base.webstore)


def _last_seen(
    view: View, bc_id: str | None, webstore_id: int | None, base: tuple[Mapping[str, str], Mapping[str, str]] | None
) -> tuple[Mapping[str, str] | None, Mapping[str, str] | None]:
    """What the last run saw: what was agreed, and what it found changed since."""
    if base is None or bc_id is None:
        return None, None
    seen = {"business_central": dict(base[0]), "webstore": dict(base[1])}
    for row in records(view.changes.read([bc_id])):
        if row["webstore_id"] == webstore_id:
            seen[row["system"]][row["field"]] = row["value"]
    return seen["business_central"], seen["webstore"]


def _field_now(
    rules: Rules,
    setup: Setup,
    name: str,
    base: tuple[Mapping[str, str], Mapping[str, str]] | None,
    seen: tuple[Mapping[str, str] | None, Mapping[str, str] | None],
    is_conflict: bool,
    decided: str,
    written: Mapping[str, Any] | None,
) -> FieldNow:
    alike = NORMALIZERS[rules.fields.by_name[name].normalizer]
    here = None if seen[0] is None else seen[0].get(name, "")
    there = None if seen[1] is None else seen[1].get(name, "")
    agreed = None if base is None else base[0].get(name)
    changed_here = base is not None and here is not None and alike(here) != alike(base[0].get(name, ""))
    changed_there = base is not None and there is not None and alike(there) != alike(base[1].get(name, ""))
    differs = here is not None and there is not None and alike(here) != alike(there)
    return FieldNow(
        name,
        here,
        there,
        agreed,
        _will(setup, base is not None, changed_here, changed_there, differs, is_conflict, decided),
        is_conflict,
        differs,
        decided,
        changed_at=None if written is None else written["at"],
        changed_by="" if written is None else str(written["actor"] or ""),
        run_id="" if written is None else str(written["run_id"] or ""),
    )


def _will(
    setup: Setup,
    has_base: bool,
    changed_here: bool,
    changed_there: bool,
    differs: bool,
    is_conflict: bool,
    decided: str,
) -> str:
    flags = setup.synchronization
    if decided:
        return f"decided: {decided.replace('business-central', 'Business Central')} wins at the next run"
    if is_conflict:
        return "both sides changed it, or it differed when they were linked: a person decides"
    if not has_base:
        return ""
    if changed_here and changed_there:
        words = (
            f"both sides changed it: policy {flags.policies.conflict}"
            if differs
            else "both sides changed it to the same"
        )
    elif changed_here:
        closed = flags.push_webstore_customers is PushWebstoreCustomers.NONE
        words = "changed in Business Central: " + ("withheld, Push is None" if closed else "is pushed to the webstore")
    elif changed_there:
        closed = flags.pull_webstore_customers is PullWebstoreCustomers.NONE
        words = "changed in the webstore: " + (
            "withheld, Pull is None" if closed else "is pulled into Business Central"
        )
    else:
        words = "an accepted difference" if differs else ""
    return words
