"""The re-check before a write: is the customer, and is the mapping table, still what the plan was made of?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from connector.core import business_central_customer, webstore_customer
from connector.core.customer import Direction
from connector.core.normalize import NORMALIZERS
from connector.core.plan import Write, texts_at
from connector.core.undoing import UNDO
from connector.load.run import Run
from connector.store import Work

__all__ = ["canonical_record", "changed_since", "linked_meanwhile", "overtaken", "same_value"]


def canonical_record(run: Run, direction: Direction, record: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    """Id and canonical values of one record of the system that the direction writes."""
    rules, geography = run.rules.fields, run.rules.geography
    module, table = _table(run, direction, record)
    if not webstore_customer.meta_known(table):  # an account that was looked up by e-mail, without its metadata
        rules = rules.without_metadata()
    values = module.canonical(table, rules, geography).to_pylist()[0]
    return values.pop("webstore_id" if direction is Direction.PUSH else "bc_id"), values


def _table(run: Run, direction: Direction, record: Mapping[str, Any]) -> tuple[Any, pa.Table]:
    module = webstore_customer if direction is Direction.PUSH else business_central_customer
    return module, module.columns([record], run.rules.fields)


def changed_since(run: Run, write: Write, record: Mapping[str, Any]) -> str:
    """Why nothing must be sent: something that the write sets is not any more what the plan saw. "" = all of it is."""
    _, now = canonical_record(run, write.direction, record)
    # a name that moved to another place of the account is not in the payload's places
    moved = [
        c.field for c in write.changes if c.field not in now or not same_value(run, c.field, now[c.field], c.before)
    ]
    there = texts_at(_table(run, write.direction, record)[1].to_pylist()[0], write.payload)
    moved += [place for place, text in write.seen.items() if there[place] != text] if not moved else []
    return f"changed by somebody since it was read: {', '.join(moved)}" if moved else ""


def same_value(run: Run, field: str, left: str, right: str) -> bool:
    """Whether two canonical values of a field mean the same."""
    rule = run.rules.fields.by_name.get(field)
    if rule is None:
        return left == right
    key = NORMALIZERS[rule.normalizer]
    return key(left) == key(right)


def overtaken(work: Work, write: Write) -> str:
    """Why nothing must be sent: somebody has edited the mapping table since the plan was made, so that the write means
    nobody any more. "" = nobody has."""
    if any(change.reason.startswith(UNDO) for change in write.changes):
        return ""  # what a run wrote is put back, whoever is linked to whom by now
    pushing = write.direction is Direction.PUSH
    row = work.mapping.row(bc_id=write.bc_id) if pushing or write.operation == "update" else None
    if pushing and (row is None or not row.webstore_customer):
        return "somebody has unticked the customer meanwhile"
    if write.operation == "create":
        linked = linked_meanwhile(work, write.direction, write.bc_id, write.webstore_id)
        return "" if linked is None else f"somebody has linked the customer to {linked} meanwhile"
    if row is None or row.webstore_id != write.webstore_id:
        return "somebody has unlinked the customer meanwhile"
    return ""


def linked_meanwhile(work: Work, direction: Direction, bc_id: str | None, webstore_id: int | None) -> str | None:
    """The counterpart that a customer to be created has got; None if it has none."""
    if direction is Direction.PUSH:
        row = work.mapping.row(bc_id=bc_id)
        return f"woo:{row.webstore_id}" if row is not None and row.webstore_id is not None else None
    row = work.mapping.row(webstore_id=webstore_id)
    return None if row is None else row.bc_number or row.bc_id
