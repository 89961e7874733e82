"""What a partition cannot decide by itself: its customers without a counterpart, and whoever may have to do with them.

An unmapped customer is compared with everybody, since evidence counts only when it is unique among all customers. Of each
partition are taken those who wait for an answer, then those who share evidence with them, then those who share evidence with
these: a rival of a rival decides nothing any more (matching.py). What is concluded from them is what would be concluded from all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.already_there import namesake_keys
from connector.core.evidence import evidence_of, phone_tails, rung_keys
from connector.core.extracts import Extract, Known
from connector.core.mail_address import SEVERAL
from connector.core.mapping_join import Pairing
from connector.core.normalize import by_unique, email_key, email_keys, key_columns, text_key
from connector.core.terms import Terms

Mask = np.ndarray[Any, np.dtype[np.bool_]]

__all__ = ["Leftover", "Sought", "gathered", "leftover_of", "loose", "shares", "sharing", "sought_by"]

# the Webstore ID of the customer's pair; who is in the mapping table without one has _NO_PAIR, who is not has _NOT_MAPPED
MAPPED = "mapped"
_NO_PAIR, _NOT_MAPPED = -1, 0
# evidence by which a gone customer's successor is looked for (orphans.py)
_HEIRS = ("vat_number", "email")
_NOBODY: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leftover:
    """Rows of one partition, or of several.

    Attributes:
        webstore, business_central: raw rows, with the column `mapped`.
        pairing: everything but its pairs; its row numbers say nothing here.
        malformed_webstore, malformed_business_central: raw rows that are set apart.
        usernames: Business Central id → user name of the mapping row, for those who wait.
    """

    webstore: pa.Table
    business_central: pa.Table
    pairing: Pairing
    malformed_webstore: pa.Table
    malformed_business_central: pa.Table
    usernames: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sought:
    """Whom the other partitions are asked for.

    Attributes:
        keys: rung → evidence; a phone number by its last digits.
        emails: e-mails that a Business Central customer may have, also among its further addresses; accounts: that an
            account may have; namesakes: names that a Business Central customer without an e-mail may have (already_there.py).
        numbers, heirs: numbers and (field → comparison keys) of customers that may have taken the place of a gone one.
    """

    keys: Mapping[str, frozenset[str]]
    emails: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    namesakes: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    heirs: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def nobody(self) -> bool:
        """Nothing is sought."""
        return not (any(self.keys.values()) or self.numbers or self.emails or self.accounts or self.namesakes)


def leftover_of(pairing: Pairing, webstore: Extract, business_central: Extract, known: Known, terms: Terms) -> Leftover:
    """Who of a partition waits for an answer: new accounts, ticked customers, and what is left of a pair that lost one side."""
    lost_c = pc.is_in(
        webstore.raw["webstore_id"], value_set=pairing.missing_business_central["webstore_id"].combine_chunks()
    )
    lost_w = pc.is_in(business_central.raw["bc_id"], value_set=pairing.missing_webstore["bc_id"].combine_chunks())
    new = pairing.new_webstore if terms.flags.pull == "All" else []
    w = sorted({*new, *pc.indices_nonzero(lost_c).to_pylist()})
    c = sorted({*pairing.unlinked["c"].to_pylist(), *pc.indices_nonzero(lost_w).to_pylist()})
    waiting = set(pairing.unlinked["bc_id"].to_pylist()) | set(pairing.missing_webstore["bc_id"].to_pylist())
    return Leftover(
        _taken(webstore, w, pairing, pairing.new_webstore, "w"),
        _taken(business_central, c, pairing, pairing.new_business_central, "c"),
        replace(pairing, pairs=pairing.pairs.schema.empty_table(), new_webstore=[], new_business_central=[]),
        webstore.malformed,
        business_central.malformed,
        {bc_id: name for bc_id, name in known.usernames.items() if bc_id in waiting},
    )


def sought_by(found: Leftover, extracts: tuple[Extract, Extract], terms: Terms, *, first: bool) -> Sought:
    """Whom to look for, so that the found ones can be decided about.

    Args:
        extracts: of `found`, both sides.
        first: the found ones are those who wait; else they are the ones who share evidence with them.
    """
    keys: dict[str, set[str]] = {rung: set() for rung in terms.ladder.rungs}
    for extract, table in zip(extracts, (found.webstore, found.business_central), strict=True):
        evidence = loose(evidence_of(extract.canonical))
        waits = _waiting(table, found.pairing) if first else np.ones(table.num_rows, dtype=bool)
        for rung in keys:
            keys[rung] |= set(rung_keys(evidence, rung).filter(pa.array(waits)).to_pylist()) - {""}
    plain = {rung: frozenset(values) for rung, values in keys.items()}
    if not first:
        return Sought(plain)
    accounts, customers = extracts
    emails, others = (
        frozenset(map(email_key, side.canonical["email"].to_pylist())) - {""} for side in (accounts, customers)
    )
    names = accounts.canonical["name"].to_pylist() if "name" in accounts.canonical.column_names else _NOBODY
    namesakes = frozenset(map(text_key, names)) - {""}
    orphans = found.pairing.missing_business_central
    if not orphans.num_rows:
        return Sought(plain, emails, others, namesakes)
    lost = pc.is_in(accounts.raw["webstore_id"], value_set=orphans["webstore_id"].combine_chunks())
    compared = key_columns(accounts.canonical.filter(lost), terms.rules.normalizers)
    heirs = {name: frozenset(compared[name].to_pylist()) - {""} for name in _HEIRS if name in compared.column_names}
    return Sought(plain, emails, others, namesakes, frozenset(orphans["bc_number"].to_pylist()) - {""}, heirs)


def sharing(
    pairing: Pairing, webstore: Extract, business_central: Extract, sought: Sought, terms: Terms
) -> tuple[pa.Table, pa.Table]:
    """The customers of a partition who are sought, raw, with the column `mapped`."""
    masks = [shares(loose(evidence_of(side.canonical)), sought.keys) for side in (webstore, business_central)]
    if sought.accounts:
        masks[0] |= _is_in(by_unique(webstore.canonical["email"], email_key), sought.accounts)
    if sought.emails:
        masks[1] |= _is_in(by_unique(business_central.canonical["email"], email_key), sought.emails)
        masks[1] |= _further_addresses(business_central.raw, sought.emails)
    if sought.namesakes:
        masks[1] |= _is_in(namesake_keys(business_central.raw), sought.namesakes)
    if sought.numbers:
        masks[1] |= _is_in(business_central.raw["number"], sought.numbers)
        compared = key_columns(business_central.canonical, terms.rules.normalizers)
        for name, values in sought.heirs.items():
            masks[1] |= _is_in(compared[name], values)
    rows = [np.flatnonzero(mask).tolist() for mask in masks]
    return _taken(webstore, rows[0], pairing, pairing.new_webstore, "w"), _taken(
        business_central, rows[1], pairing, pairing.new_business_central, "c"
    )


def gathered(parts: Iterable[Leftover]) -> Leftover:
    """The leftovers of all partitions as one."""
    every = list(parts)
    pairings = [part.pairing for part in every]
    tables = {
        name: pa.concat_tables([getattr(pairing, name) for pairing in pairings])
        for name in ("pairs", "unlinked", "missing_webstore", "missing_business_central", "renumbered", "twice")
    }
    return Leftover(
        pa.concat_tables([part.webstore for part in every]),
        pa.concat_tables([part.business_central for part in every]),
        Pairing(**tables, new_webstore=[], new_business_central=[]),
        pa.concat_tables([part.malformed_webstore for part in every]),
        pa.concat_tables([part.malformed_business_central for part in every]),
        {bc_id: name for part in every for bc_id, name in part.usernames.items()},
    )


def with_rows(found: Leftover, more: Sequence[tuple[pa.Table, pa.Table]]) -> Leftover:
    """With further rows; who is there already is not taken again."""
    return replace(
        found,
        webstore=_united(found.webstore, [w for w, _ in more], "webstore_id"),
        business_central=_united(found.business_central, [c for _, c in more], "bc_id"),
    )


def renumbered_rows(found: Leftover) -> Pairing:
    """The pairing with the row numbers that it has in the gathered tables."""
    new_w, new_c = (np.flatnonzero(_unmapped(table)).tolist() for table in (found.webstore, found.business_central))
    unlinked = found.pairing.unlinked
    rows = pc.index_in(unlinked["bc_id"], value_set=found.business_central["bc_id"].combine_chunks())
    unlinked = unlinked.set_column(unlinked.column_names.index("c"), "c", rows)
    pairs = _pairs_among(found.webstore, found.business_central)
    return replace(found.pairing, pairs=pairs, unlinked=unlinked, new_webstore=new_w, new_business_central=new_c)


def _pairs_among(webstore: pa.Table, business_central: pa.Table) -> pa.Table:
    """The row numbers of the pairs of which both are there."""
    linked = business_central[MAPPED]
    w = pc.index_in(linked, value_set=webstore["webstore_id"].combine_chunks())
    rows = pa.table({"w": w, "c": pa.array(range(business_central.num_rows), type=pa.int64())})
    return rows.filter(pc.and_(pc.is_valid(w), pc.greater(linked, _NOT_MAPPED)))


def _waiting(table: pa.Table, pairing: Pairing) -> Mask:
    if "webstore_id" in table.column_names:
        return _unmapped(table)
    return _is_in(table["bc_id"], frozenset(pairing.unlinked["bc_id"].to_pylist()))


def _taken(extract: Extract, rows: Sequence[int], pairing: Pairing, new: Sequence[int], side: str) -> pa.Table:
    mapped = np.full(extract.raw.num_rows, _NO_PAIR, dtype=np.int64)
    mapped[pairing.pairs[side].to_numpy()] = pairing.pairs["webstore_id"].to_numpy()
    mapped[list(new)] = _NOT_MAPPED
    return extract.raw.append_column(MAPPED, pa.array(mapped)).take(pa.array(rows, type=pa.int64()))


def _united(table: pa.Table, more: Sequence[pa.Table], key: str) -> pa.Table:
    for other in more:
        there = pc.is_in(other[key], value_set=table[key].combine_chunks())
        table = pa.concat_tables([table, other.filter(pc.invert(there))])
    return table.combine_chunks()


def loose(evidence: pa.Table) -> pa.Table:
    """Evidence with phone numbers by their last digits: equal, if the numbers are."""
    tails = phone_tails(evidence["phone"].combine_chunks())
    return evidence.set_column(evidence.column_names.index("phone"), "phone", tails)


def shares(evidence: pa.Table, keys: Mapping[str, frozenset[str]]) -> Mask:
    """Who has one of some keys on its rung, row by row.

    Args:
        evidence: as `loose` gives it; keys: rung → keys.
    """
    found = np.zeros(evidence.num_rows, dtype=bool)
    for rung, values in keys.items():
        if values:
            found |= _is_in(rung_keys(evidence, rung), values)
    return found


def _is_in(column: pa.Array | pa.ChunkedArray, values: frozenset[str]) -> Mask:
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    found: Mask = pc.is_in(column, value_set=pa.array(sorted(values), type=pa.large_string())).to_numpy(
        zero_copy_only=False
    )
    return found.astype(bool)


def _unmapped(table: pa.Table) -> Mask:
    unmapped: Mask = table[MAPPED].to_numpy() == _NOT_MAPPED
    return unmapped


def _further_addresses(raw: pa.Table, emails: frozenset[str]) -> Mask:
    found = np.zeros(raw.num_rows, dtype=bool)
    if not emails:
        return found
    rows = pc.indices_nonzero(pc.match_substring_regex(raw["email"], SEVERAL)).to_pylist()
    for row, text in zip(rows, raw["email"].take(pa.array(rows, type=pa.int64())).to_pylist(), strict=True):
        found[row] = not emails.isdisjoint(email_keys(text))
    return found
