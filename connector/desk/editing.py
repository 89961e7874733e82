"""Edits of the mapping table by people. Each edit is one version, with actor and reason; several numbers are one edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.core.counting import counted
from connector.core.customer_references import Kind, read_name
from connector.desk.desk import Desk
from connector.errors import InputError
from connector.load.bases import remember_account
from connector.run.names_given import found_in_mapping, names_given, records_named
from connector.run.sides import verify_sides
from connector.store import MappingRow, View, Work

__all__ = ["Pair", "ids_of", "link", "linked_together", "row_of", "tick", "unlink", "untick"]

# Business Central number and Webstore ID
Pair = tuple[str, int]


def link(desk: Desk, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Link customers that both exist: all pairs as one version, or none.

    Args:
        pairs: (Business Central number, id or e-mail; Webstore ID). The same pair twice is one.

    Raises:
        InputError: naming every customer that does not exist, is linked to another, or is named with two others.
    """
    wanted = list(dict.fromkeys((number.strip(), key) for number, key in pairs))
    names_given([number for number, _ in wanted], "Nothing was linked:")
    setup = desk.setup
    with BusinessCentralClient(setup.business_central) as company, WooCommerceClient(setup.webstore) as webstore:
        verify_sides(desk.store, setup, webstore, company)
        records, unknown = records_named(company, [name for name, _ in wanted])
        accounts = webstore.customers_by_id([key for _, key in wanted])
    unknown += [f"woo:{key}: no such account in the webstore" for _, key in wanted if key not in accounts]
    rows = [row_of(records[name], key) for name, key in wanted if name in records and key in accounts]
    what = f"{wanted[0][0]} to woo:{wanted[0][1]}" if len(wanted) == 1 else f"{len(wanted)} pairs"
    with desk.work(f"link {what}") as work:
        linked_together(work, rows, unknown)
        for row in rows:
            remember_account(work, row.bc_id, accounts[row.webstore_id or 0])
    return {"mapping_version": desk.version(), "reason": f"link {what}", "linked": len(wanted)}


def row_of(record: Mapping[str, Any], webstore_id: int) -> MappingRow:
    """The row of the mapping table that links a Business Central customer; the number is as Business Central has it."""
    return MappingRow(
        str(record["id"]).lower(), str(record["number"]), webstore_id, True, str(record.get("displayName") or "")
    )


def linked_together(work: Work, rows: Sequence[MappingRow], unknown: Sequence[str]) -> None:
    """Link all of these pairs, and forget that they were rejected; or none of them.

    Args:
        unknown: what is wrong already with other pairs of the same edit.

    Raises:
        InputError: naming all problems.
    """
    problems = list(dict.fromkeys(unknown))
    try:
        work.mapping.link_many(rows)
    except InputError as refused:
        problems += refused.problems
    if problems:
        raise InputError("Nothing was linked:", problems=problems)
    for row in rows:
        if row.webstore_id is not None:
            work.mapping.unreject(row.bc_id, row.webstore_id)


def unlink(desk: Desk, customers: Sequence[str]) -> dict[str, Any]:
    """Remove links: all of them as one version, or none; the pairs are remembered as rejected.

    Args:
        customers: numbers, Business Central ids, or woo:ID, of the mapping table.

    Raises:
        InputError: naming everybody who is not in the mapping table.
    """
    return _edit_rows(desk, customers, "unlink", lambda work, bc_id: work.mapping.unlink(bc_id))


def tick(desk: Desk, numbers: Sequence[str]) -> dict[str, Any]:
    """Tick Webstore Customer for existing Business Central customers, named by number, id or e-mail.

    Raises:
        InputError: naming everybody who is not there.
    """
    numbers = names_given(numbers, "Nothing was ticked:")
    with BusinessCentralClient(desk.setup.business_central) as company:
        verify_sides(desk.store, desk.setup, None, company)
        found, unknown = records_named(company, numbers)
    if unknown:
        raise InputError("Nothing was ticked:", problems=unknown)
    reason = f"tick {counted(len(numbers), 'customer')}"
    with desk.work(reason) as work:
        for number in numbers:
            record = found[number]
            work.mapping.tick(str(record["id"]).lower(), str(record["number"]), name=str(record["displayName"]))
    return {"mapping_version": desk.version(), "reason": reason}


def untick(desk: Desk, customers: Sequence[str]) -> dict[str, Any]:
    """Untick Webstore Customer; `customers` as in `unlink`."""
    return _edit_rows(desk, customers, "untick", lambda work, bc_id: work.mapping.untick(bc_id))


def ids_of(view: View, customer: str) -> dict[str, Any]:
    """The ids of a customer named by number, Business Central id, or woo:ID; mapped or not.

    Returns:
        `bc_id` and `webstore_id`; None where unknown.

    Raises:
        InputError: the name is none of the three, is not in the mapping table, or fits several of its rows.
    """
    named = read_name(customer)
    if named.kind is Kind.ACCOUNT:
        row = view.mapping.row(webstore_id=int(named.value))
        return {"bc_id": row.bc_id if row else None, "webstore_id": int(named.value)}
    (who,) = found_in_mapping(view, [customer], "Nobody is meant:")
    return {"bc_id": who.bc_id, "webstore_id": who.webstore_id}


def _edit_rows(desk: Desk, customers: Sequence[str], verb: str, edit: Callable[[Work, str], object]) -> dict[str, Any]:
    """Edit the rows of some customers, found in the same transaction."""
    if isinstance(customers, str):  # its letters would be taken for customers
        customers = [customers]
    names = names_given(customers, "Nothing was changed:")
    reason = f"{verb} {names[0] if len(names) == 1 else f'{len(names)} customers'}"
    with desk.work(reason) as work:
        for who in found_in_mapping(work, names, "Nothing was changed:"):
            edit(work, str(who.bc_id))
    return {"mapping_version": desk.version(), "reason": reason}
