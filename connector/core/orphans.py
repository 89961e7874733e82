"""Customers that have gone or were erased on one side, and where a gone one has probably gone to.

A mapping row is an orphan when the server itself denied the customer (a 404); absence from a list proves nothing: a page
may have shifted, a role may have changed. *Erased* is an account that is still there while its personal data were wiped
(the shop's own erasure tool does that): filling it again from Business Central would undo what the person asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from connector.core.plan import Orphan

__all__ = ["looks_erased", "with_proposals"]

PERSONAL = ("name", "phone", "address_1", "city", "postcode")


def looks_erased(now: Mapping[str, str], base: Mapping[str, str | None]) -> bool:
    """Whether every personal field is blank now though at least two, the name among them, were known before."""
    fields = [name for name in PERSONAL if name in now]
    if any(now[name] for name in fields):
        return False
    known_before = [name for name in fields if base.get(name)]
    return "name" in known_before and len(known_before) >= 2


def with_proposals(
    orphans: Sequence[Orphan], webstore: pa.Table, business_central: pa.Table, numbers: Sequence[str]
) -> list[Orphan]:
    """The same orphans; those gone in Business Central with the customer into which they were probably merged.

    The number first (a customer made anew under the old number), then VAT number, then e-mail of the account; each counts
    only when exactly one customer has it.

    Args:
        webstore, business_central: comparison keys, one column per field; the webstore's with `webstore_id`.
        numbers: of the Business Central customers, row by row.
    """
    lost = [orphan for orphan in orphans if orphan.gone == "business_central" and not orphan.erased]
    if not lost:
        return list(orphans)
    fields = [name for name in ("vat_number", "email") if name in webstore.column_names]
    account_row = {key: row for row, key in enumerate(webstore["webstore_id"].to_pylist())}
    evidence = {name: webstore[name].to_pylist() for name in fields}
    holders = {name: _unique(business_central[name].to_pylist(), numbers) for name in fields}
    there = set(numbers)
    result = []
    for orphan in orphans:
        if orphan in lost:
            row = account_row.get(orphan.webstore_id or 0)
            found = [(orphan.bc_number, "same number")] if orphan.bc_number in there else []
            if row is not None:
                found += [
                    (holders[name][evidence[name][row]], f"same {name.replace('_', ' ')}")
                    for name in fields
                    if evidence[name][row] in holders[name]
                ]
            number, why = found[0] if found else ("", "")
            result.append(replace(orphan, proposal=number, evidence=why))
        else:
            result.append(orphan)
    return result


def _unique(values: Sequence[str], numbers: Sequence[str]) -> dict[str, str]:
    """Value → number, for the values that exactly one customer has."""
    counts = Counter(values)
    return {value: number for value, number in zip(values, numbers, strict=True) if value and counts[value] == 1}
