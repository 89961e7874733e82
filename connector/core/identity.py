"""Whether an id still belongs to the customer whom it was linked for.

WordPress gives the id of a lost account to somebody else after a restored backup, an import or a migration; and a setup may
name another shop. What never changes for an account are its user name and its moment of registration: its *marks*. They are
kept with the pair, and where they differ nothing is compared: a person is asked. A customer card of Business Central has no
such marks besides its id. On either side a record in which everything changes at once that makes a person (e-mail, name,
address, phone) is asked about, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.normalize import NORMALIZERS, fingerprint

__all__ = [
    "OTHER_MARKS",
    "PERSON",
    "SAME",
    "digest_of",
    "marks_of",
    "marks_of_accounts",
    "marks_shown",
    "may_be_replaced",
    "replaced",
]

# under this name in the place of a field a person's answer is kept: it is the same customer
SAME = "same customer"
OTHER_MARKS = (
    "the account has another user name or registration date than the one that was linked: its id may belong to somebody else "
    "now. Is it the same customer? customer-sync mapping same, or mapping other"
)
OTHER_PERSON = (
    "everything that makes the person changed at once in {side}: {what}. Is it the same customer? "
    "customer-sync mapping same, or mapping other"
)
_ADDRESS = ("address_1", "postcode", "city")
_PARTS = (("e-mail", ("email",)), ("name", ("name",)), ("address", _ADDRESS), ("phone", ("phone",)))
# the fields that make a person
PERSON = ("email", "name", *_ADDRESS, "phone")
# so many of e-mail, name, address and phone must be known for their change to say anything
_ENOUGH = 3


def marks_of(webstore: pa.Table) -> pa.Array:
    """One number for the marks of each account; null where the webstore does not tell both of them.

    Args:
        webstore: columns `username` and `created`.
    """
    username, created = webstore["username"].combine_chunks(), webstore["created"].combine_chunks()
    known = pc.and_(pc.not_equal(username, ""), pc.not_equal(created, ""))
    texts = pc.binary_join_element_wise(pc.utf8_lower(username), created, pa.scalar("\n", pa.large_string()))
    # a hash that stays the same in every version and on every machine: it is kept for years
    numbers = pd.util.hash_array(texts.to_numpy(zero_copy_only=False), categorize=False).view("int64")
    return pa.array(numbers, mask=~known.to_numpy(zero_copy_only=False).astype(bool))


def marks_of_accounts(accounts: Sequence[Mapping[str, Any]]) -> list[tuple[int | None, str]]:
    """The marks of accounts as the API gave them, each as a number, and as people read them (a line each)."""
    users, created = (
        [str(account.get(name) or "") for account in accounts] for name in ("username", "date_created_gmt")
    )
    table = pa.table({"username": pa.array(users, pa.large_string()), "created": pa.array(created, pa.large_string())})
    return list(zip(marks_of(table).to_pylist(), map(as_shown, users, created), strict=True))


def marks_shown(username: str, created: str) -> tuple[int | None, str]:
    """The marks of one account: as a number, and as people read them."""
    return marks_of_accounts([{"username": username, "date_created_gmt": created}])[0]


def as_shown(username: str, created: str) -> str:
    """The marks of an account as people read them, a line each."""
    return f"{username}\n{created}"


def replaced(now: Mapping[str, str], base: Mapping[str, str | None], normalizers: Mapping[str, str]) -> list[str]:
    """What changed, if everything did that makes the person; [] if something is as it was, or too little was known.

    Args:
        now, base: canonical values of one side; base None = never agreed.
    """
    changed: list[str] = []
    known = 0
    for name, fields in _PARTS:
        there = [field for field in fields if field in now and base.get(field)]
        if not there:
            continue
        known += 1
        # what was only cleared has not become somebody else's
        if all(_is_kept(now[f], base[f] or "", f, normalizers) for f in there):
            return []
        changed.append(name)
    return changed if known >= _ENOUGH else []


def may_be_replaced(moved: Set[str]) -> bool:
    """Whether a record in which these fields have moved may be one in which everything changed that makes the person.

    A phone number that is only written in another way has not moved, but has changed by its letters: it always counts.
    """
    return sum(part == "phone" or not moved.isdisjoint(fields) for part, fields in _PARTS) >= _ENOUGH


def _is_kept(now: str, base: str, field: str, normalizers: Mapping[str, str]) -> bool:
    """Whether a value is what it was, or blank."""
    return now == base or _key(now, field, normalizers) in {"", _key(base, field, normalizers)}


def digest_of(values: Mapping[str, str], normalizers: Mapping[str, str]) -> str:
    """Of all that makes a person, so that an answer holds for what it was given about."""
    return fingerprint(_key(values[name], name, normalizers) if name in values else None for name in PERSON)


def _key(value: str, field: str, normalizers: Mapping[str, str]) -> str:
    return NORMALIZERS[normalizers[field]](value)
