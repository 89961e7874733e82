"""Edits of the mapping table by people. Each edit is one version, with actor and reason; several numbers are one edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.core.plan import customer_key
from connector.errors import InputError
from connector.load.session import SetupSource, opened_store, setup_of
from connector.store import Work

__all__ = ["ids_of", "link", "list_mapping", "tick", "unlink", "untick"]


def list_mapping(path: SetupSource) -> list[dict[str, Any]]:
    """The current mapping table with holds: one dictionary per row, in order of number."""
    with opened_store(path) as (setup, store), store.view(setup.webstore_code) as view:
        mapping, holds = view.mapping.current(), view.holds.read()
    by_key: dict[str, list[dict[str, Any]]] = {}
    for hold in holds.to_dict(orient="records"):
        by_key.setdefault(str(hold["key"]), []).append({str(name): value for name, value in hold.items()})
    rows = []
    for row in mapping.sort_values("bc_number").to_dict(orient="records"):
        found = by_key.get(customer_key(str(row["bc_id"]), None), [])
        latest = max(found, key=lambda hold: str(hold["last_failed_at"]), default=None)
        webstore_id = row["webstore_id"]
        rows.append(
            {
                "bc_id": row["bc_id"],
                "bc_number": row["bc_number"],
                "webstore_id": None if pd.isna(webstore_id) else int(webstore_id),
                "webstore_customer": bool(row["webstore_customer"]),
                "name": row["name"],
                "on_hold": any(bool(hold["on_hold"]) for hold in found),
                "failed_attempts": max((int(hold["failed_attempts"]) for hold in found), default=0),
                "last_error": (latest["last_error"] if latest else None) or "",
            }
        )
    return rows


def link(path: SetupSource, number: str, webstore_id: int, *, actor: str) -> dict[str, Any]:
    """Link two customers that both exist.

    Raises:
        InputError: one of them does not exist, or is linked to another.
    """
    setup = setup_of(path)
    with BusinessCentralClient(setup.business_central) as client:
        record = client.customers_by_number([number]).get(number)
    with WooCommerceClient(setup.webstore) as webstore:
        account = webstore.customers_by_id([webstore_id]).get(webstore_id)
    problems = [f"{number}: no such customer in Business Central"] if record is None else []
    problems += [f"woo:{webstore_id}: no such account in the webstore"] if account is None else []
    if record is None or problems:
        raise InputError("Nothing was linked:", problems=problems)
    bc_id, name = str(record["id"]).lower(), str(record["displayName"])

    def edit(work: Work) -> None:
        work.mapping.link(bc_id, number, webstore_id, name=name)
        work.mapping.unreject(bc_id, webstore_id)

    return _edit(path, actor, f"link {number} to woo:{webstore_id}", edit)


def unlink(path: SetupSource, number: str, *, actor: str) -> dict[str, Any]:
    """Remove a link; the pair is remembered as rejected."""
    bc_id = _bc_ids(path, [number])[number]
    return _edit(path, actor, f"unlink {number}", lambda work: work.mapping.unlink(bc_id))


def tick(path: SetupSource, numbers: Sequence[str], *, actor: str) -> dict[str, Any]:
    """Tick Webstore Customer for existing Business Central customers."""
    setup = setup_of(path)
    with BusinessCentralClient(setup.business_central) as client:
        found = client.customers_by_number(numbers)
    unknown = [f"{number}: no such customer in Business Central" for number in numbers if number not in found]
    if unknown:
        raise InputError("Nothing was ticked:", problems=unknown)

    def edit(work: Work) -> None:
        for number in numbers:
            record = found[number]
            work.mapping.tick(str(record["id"]).lower(), str(record["number"]), name=str(record["displayName"]))

    return _edit(path, actor, f"tick {len(numbers)} customers", edit)


def untick(path: SetupSource, numbers: Sequence[str], *, actor: str) -> dict[str, Any]:
    """Untick Webstore Customer."""
    bc_ids = _bc_ids(path, numbers)

    def edit(work: Work) -> None:
        for bc_id in bc_ids.values():
            work.mapping.untick(bc_id)

    return _edit(path, actor, f"untick {len(numbers)} customers", edit)


def ids_of(path: SetupSource, customer: str) -> dict[str, Any]:
    """The ids of a customer named by number, Business Central id, or woo:ID; mapped or not.

    Returns:
        `bc_id` and `webstore_id`; None where unknown.

    Raises:
        InputError: the name is none of the three, or a number that is not in the mapping table.
    """
    with opened_store(path) as (setup, store), store.view(setup.webstore_code) as view:
        mapping = view.mapping.current()
        if customer.lower().startswith("woo:") and customer[4:].isdecimal():
            row = view.mapping.row(webstore_id=int(customer[4:]))
            return {"bc_id": row.bc_id if row else None, "webstore_id": int(customer[4:])}
        found = mapping[(mapping["bc_number"] == customer) | (mapping["bc_id"] == customer.strip("{}").lower())]
        if not len(found):
            raise InputError(
                f"{customer}: not in the mapping table.", hint="Give a Business Central number or id, or woo:ID."
            )
        webstore_id = found["webstore_id"].iloc[0]
        return {
            "bc_id": str(found["bc_id"].iloc[0]),
            "webstore_id": None if pd.isna(webstore_id) else int(webstore_id),
        }


def _bc_ids(path: SetupSource, numbers: Sequence[str]) -> dict[str, str]:
    """Ids of mapped customers by number; unknown ones are refused together."""
    with opened_store(path) as (setup, store), store.view(setup.webstore_code) as view:
        mapping = view.mapping.current()
    known = dict(zip(mapping["bc_number"], mapping["bc_id"], strict=True))
    unknown = [f"{number}: not in the mapping table" for number in numbers if number not in known]
    if unknown:
        raise InputError("Nothing was changed:", problems=unknown)
    return {number: str(known[number]) for number in numbers}


def _edit(path: SetupSource, actor: str, reason: str, edit: Callable[[Work], object]) -> dict[str, Any]:
    """One edit, one version. It waits for no run: a run commits batch by batch, and edits come between batches."""
    with opened_store(path) as (setup, store):
        with store.work(setup.webstore_code) as work:
            work.describe(actor=actor, reason=reason)
            edit(work)
        with store.view(setup.webstore_code) as view:
            return {"mapping_version": view.mapping.version(), "reason": reason}
