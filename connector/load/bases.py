"""Moving bases: what each side held, field by field, when both last agreed; and whose the records were, touched when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from connector.core.base_comparison import SIGHTED
from connector.core.customer import Side
from connector.core.identity import marks_shown
from connector.core.normalize import NORMALIZERS, fingerprint
from connector.core.plan import Agreement
from connector.core.stamps import stamp_of_record
from connector.run.run import Run
from connector.store import Base, Work

__all__ = [
    "Linked",
    "is_another_account",
    "put_bases",
    "remember_account",
    "remember_record",
    "sighted_links",
]


def put_bases(run: Run, work: Work, agreements: Sequence[Agreement]) -> None:
    """Move the bases of some fields of some pairs; the other fields keep theirs. What was seen to differ from them is settled."""
    known = work.bases.find(agreement.bc_id for agreement in agreements)
    rows = []
    for agreement in agreements:
        base = known.get((agreement.bc_id, agreement.webstore_id))
        w = {**(base.webstore if base else {}), **agreement.webstore}
        c = {**(base.business_central if base else {}), **agreement.business_central}
        hash_w = base_hash(run, w)
        hash_c = hash_w if c == w else base_hash(run, c)
        rows.append(Base(agreement.bc_id, agreement.webstore_id, w, c, hash_w, hash_c, run.run_id))
    work.bases.put(rows)
    # a value that is agreed on is no edit that waits: the next run would find it so
    work.changes.settle({(a.bc_id.lower(), a.webstore_id): {*a.webstore, *a.business_central} for a in agreements})


def base_hash(run: Run, values: Mapping[str, str]) -> str:
    """The fingerprint of one side of a base, comparable with those of an extract (normalize.row_hashes)."""
    return fingerprint(
        None if rule.field not in values else NORMALIZERS[rule.normalizer](values[rule.field])
        for rule in run.rules.fields.rules
    )


def remember_account(work: Work, bc_id: str, account: Mapping[str, Any]) -> None:
    """Keep the marks of an account with the pair that it is linked in from now on, whatever was known of it before.

    Args:
        account: whole, as the API gave it.
    """
    marks = marks_shown(str(account.get("username") or ""), str(account.get("date_created_gmt") or ""))
    link = Linked(bc_id, int(account["id"]), stamp_of_record(Side.WEBSTORE, account), None, marks)
    work.bases.sight(sighted_links([link]), anew=True)


def is_another_account(linked: tuple[str, str], account: Mapping[str, Any]) -> bool:
    """Whether an account has other marks than the one that was linked under its id (Bases.marks, identity.py)."""
    now = (str(account.get("username") or ""), str(account.get("date_created_gmt") or ""))
    return all((*linked, *now)) and (linked[0].casefold(), linked[1]) != (now[0].casefold(), now[1])


def remember_record(work: Work, side: Side, pair: tuple[str, int], record: Mapping[str, Any], *, created: bool) -> None:
    """Keep when the written record of a pair was touched, and whose account it is if it was created."""
    if created and side is Side.WEBSTORE:
        remember_account(work, pair[0], record)
        return
    stamp = stamp_of_record(side, record)
    if stamp is not None:
        work.bases.wrote(str(side), [(*pair, stamp)])


@dataclass(frozen=True)
class Linked:
    """A pair that is linked now: when both records were touched (None = unknown), and the marks of the account."""

    bc_id: str
    webstore_id: int
    webstore_stamp: int | None
    business_central_stamp: int | None
    marks: tuple[int | None, str]


def sighted_links(links: Sequence[Linked]) -> pa.Table:
    """New links as the store remembers them (base_comparison.SIGHTED)."""
    rows = [
        {
            "bc_id": link.bc_id.lower(),
            "webstore_id": link.webstore_id,
            "webstore_stamp": link.webstore_stamp,
            "business_central_stamp": link.business_central_stamp,
            "account_mark": link.marks[0],
            "marks": link.marks[1],
        }
        for link in links
    ]
    return pa.Table.from_pylist(rows, schema=SIGHTED)
