"""The re-check before a write: is the customer, and is the mapping table, still what the plan was made of?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from connector.core import business_central_customer, webstore_customer
from connector.core.customer import Direction, Side
from connector.core.normalize import NORMALIZERS
from connector.core.plan import OWNER, Write, places_of, texts_at
from connector.core.stamps import stamp_of
from connector.core.undoing import UNDO
from connector.errors import InternalError
from connector.run.run import Run
from connector.run.shown_older import note_older, shows_older
from connector.store import MappingRow, View

__all__ = [
    "MappedNow",
    "canonical_record",
    "canonical_records",
    "changed_since",
    "read_again",
    "same_value",
    "sources_changed",
]

_TOUCHED = {Direction.PUSH: "modified", Direction.PULL: "lastModifiedDateTime"}
_GONE = "the customer is not there any more"
_OLDER = "it is older now than the plan saw it: one of the two was an old copy, or a restore came between"
_OLD_PLAN = "the plan was made of an old copy: the customer has other values under the same tag"


def canonical_record(run: Run, direction: Direction, record: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    """Id and canonical values of one record of the system that the direction writes."""
    return canonical_records(run, direction, [record])[0]


def canonical_records(
    run: Run, direction: Direction, records: Sequence[Mapping[str, Any]]
) -> list[tuple[Any, dict[str, str]]]:
    """Id and canonical values of many records, in their order.

    Of an account that was looked up by e-mail the API does not show the metadata, and an answer to a write need not show the
    ship-to address: such values have none of those fields.

    Raises:
        InternalError: a record has no id. The clients see to that; a row too few would give each customer its neighbour's values.
    """
    key = "webstore_id" if direction is Direction.PUSH else "bc_id"
    module, rules = _module(direction), run.rules.fields
    table = module.columns(records, rules)
    if table.num_rows != len(records):
        raise InternalError(f"{len(records) - table.num_rows} of {len(records)} records have no id.")
    addresses_known = direction is Direction.PUSH or all(
        business_central_customer.ship_to_known(record, rules) for record in records
    )
    if webstore_customer.meta_known(table) and addresses_known:
        rows = module.canonical(table, rules, run.rules.geography).to_pylist()
        return [(row.pop(key), row) for row in rows]
    if len(records) > 1:
        return [canonical_record(run, direction, record) for record in records]
    shown = rules.without_metadata() if direction is Direction.PUSH else rules.without_ship_to()
    rows = module.canonical(table, shown, run.rules.geography).to_pylist()
    return [(row.pop(key), row) for row in rows]


def _module(direction: Direction) -> Any:
    return webstore_customer if direction is Direction.PUSH else business_central_customer


def read_again(run: Run, side: Side, ids: Collection[Any], fields: Sequence[str] | None = None) -> dict[Any, Any]:
    """Customers by id (of Business Central in lower case), for whoever relies on reading them as they are. Whoever is left out is
    not there.

    Business Central is asked past every cache, which takes no more requests. For the webstore that is a request which firewalls
    may forbid: only once the side has shown an older state is it asked for so.

    Args:
        fields: of the webstore; None = whole records.
    """
    if side is Side.BUSINESS_CENTRAL:
        found = run.business_central.customers_by_id([key for key in ids if key], past_caches=True) if ids else {}
        return {key.lower(): record for key, record in found.items()}
    wanted = {key for key in ids if key is not None}
    past = run.webstore.customers_past_caches(wanted, fields) if wanted and shows_older(run, side) else {}
    rest = wanted - past.keys()
    return {**past, **(run.webstore.customers_by_id(rest, fields) if rest else {})}


def changed_since(run: Run, checked: Sequence[tuple[Write, Mapping[str, Any] | None]]) -> list[str]:
    """Why nothing must be sent: something that a write sets is not any more what the plan saw.

    Args:
        checked: writes of one direction, each with the record as it is now; None = it is gone.

    Returns:
        A reason per write, in order; "" = all of it is as it was. What shows that the side went back, or answers old copies, is
        remembered.
    """
    there = [(write, record) for write, record in checked if record is not None]
    if not there:
        return [_GONE for _ in checked]
    direction = there[0][0].direction
    records = [record for _, record in there]
    raw = _module(direction).columns(records, run.rules.fields).to_pylist()
    found = zip(there, canonical_records(run, direction, records), raw, strict=True)
    reasons = [_changed_since(run, write, now, row) for (write, _), (_, now), row in found]
    _note_old(run, direction.target, reasons)
    each = iter(reasons)
    return [_GONE if record is None else next(each) for _, record in checked]


def sources_changed(run: Run, writes: Sequence[Write], fields: Collection[str] | None = None) -> list[str]:
    """Why nothing must be written: the customer of the other side whom a write was made of has gone or is another one by now.

    A list may be a cache's: who was deleted stands in it for days. So the sources are read by id, a batch at once.

    Args:
        fields: those in which an old copy may be carried over that no stamp tells from the present one; None = the writes are
            creates, of which all is looked at.

    Returns:
        A reason per write of one direction, in order; "" = the source is as it was.
    """
    if not writes:
        return []
    direction = writes[0].direction
    opposite = Direction.PULL if direction is Direction.PUSH else Direction.PUSH
    ids = [write.webstore_id if direction is Direction.PULL else (write.bc_id or "").lower() for write in writes]
    found = read_again(run, opposite.target, ids, webstore_customer.api_fields(run.rules.fields))
    records = [found.get(key) for key in ids]
    there = [record for record in records if record is not None]
    raw = iter(_module(opposite).columns(there, run.rules.fields).to_pylist())
    values = iter(canonical_records(run, opposite, there) if there else [])
    reasons = []
    for write, record in zip(writes, records, strict=True):
        if record is None:
            reasons.append(_GONE)
            continue
        row, (_, now) = next(raw), next(values)
        read = {n: v for n, v in write.source.items() if n not in write.both_sides and (fields is None or n in fields)}
        other = [n for n, value in read.items() if n in now and not same_value(run, n, now[n], value)]
        if write.operation == "create" and _is_older(row[_TOUCHED[opposite]], write.touched):
            reasons.append(_OLDER)
        else:
            reasons.append(f"changed by somebody since it was read: {', '.join(other)}" if other else "")
    _note_old(run, opposite.target, reasons)
    return reasons


def _note_old(run: Run, side: Side, reasons: Sequence[str]) -> None:
    if _OLDER in reasons or _OLD_PLAN in reasons:
        note_older(run, side)


def _is_older(touched: str, planned: str) -> bool:
    now, before = stamp_of(touched), stamp_of(planned)
    return before is not None and (now is None or now < before)


def _changed_since(run: Run, write: Write, now: Mapping[str, str], row: Mapping[str, Any]) -> str:
    # a name that moved to another place of the account is not in the payload's places
    moved = [
        c.field for c in write.changes if c.field not in now or not same_value(run, c.field, now[c.field], c.before)
    ]
    if _is_older(row[_TOUCHED[write.direction]], write.touched):
        return _OLDER
    there = texts_at(row, (*places_of(write.payload), *OWNER))
    moved += [place for place, text in write.seen.items() if there[place] != text] if not moved else []
    if moved and write.etag and row["etag"] == write.etag:
        return _OLD_PLAN
    return f"changed by somebody since it was read: {', '.join(moved)}" if moved else ""


def same_value(run: Run, field: str, left: str, right: str) -> bool:
    """Whether two canonical values of a field mean the same."""
    rule = run.rules.fields.by_name.get(field)
    if rule is None:
        return left == right
    key = NORMALIZERS[rule.normalizer]
    return key(left) == key(right)


class MappedNow:
    """What the mapping table says at the moment about the customers of some writes; two queries, however many they are."""

    def __init__(self, view: View, customers: Iterable[tuple[str | None, int | None]]) -> None:
        pairs = list(customers)
        self._by_bc_id = view.mapping.rows_by_bc_id(bc_id for bc_id, _ in pairs if bc_id is not None)
        self._by_webstore_id = view.mapping.rows_by_webstore_id(key for _, key in pairs if key is not None)

    def row(self, bc_id: str | None) -> MappingRow | None:
        """The row of a Business Central customer."""
        return None if bc_id is None else self._by_bc_id.get(bc_id.lower())

    def overtaken(self, write: Write, *, names_accounts: bool) -> str:
        """Why nothing must be sent: somebody has edited the mapping table since it was read, so that the write means nobody
        any more, or somebody under another name. "" = nobody has.

        Args:
            names_accounts: accounts get the user name of their mapping row, and WooCommerce never changes one.
        """
        if any(change.reason.startswith(UNDO) for change in write.changes):
            return ""  # what a run wrote is put back, whoever is linked to whom by now
        pushing = write.direction is Direction.PUSH
        row = self.row(write.bc_id) if pushing or write.operation == "update" else None
        if pushing and (row is None or not row.webstore_customer):
            return "somebody has unticked the customer meanwhile"
        renamed = row is not None and row.username != write.payload.get("username", "")
        if pushing and write.operation == "create" and names_accounts and renamed:
            return "somebody has given the account another user name meanwhile"
        if write.operation == "create":
            linked = self.linked_meanwhile(write.direction, write.bc_id, write.webstore_id)
            return "" if linked is None else f"somebody has linked the customer to {linked} meanwhile"
        if row is None or row.webstore_id != write.webstore_id:
            return "somebody has unlinked the customer meanwhile"
        return ""

    def linked_meanwhile(self, direction: Direction, bc_id: str | None, webstore_id: int | None) -> str | None:
        """The counterpart that a customer to be created has got; None if it has none."""
        if direction is Direction.PUSH:
            row = self.row(bc_id)
            return f"woo:{row.webstore_id}" if row is not None and row.webstore_id is not None else None
        row = None if webstore_id is None else self._by_webstore_id.get(webstore_id)
        return None if row is None else row.bc_number or row.bc_id
