"""Customers as people name them: by number, Business Central id, `woo:ID` or e-mail; judged against those who are meant.

One place decides what a name means, so that a list of customers to leave out, an edit and a form understand the same. A name
that fits nobody, or several, is a problem and never passed over: whoever names a customer wants something of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from connector.core.normalize import clean_code, code_key, email_key

__all__ = ["Found", "Keys", "Kind", "Named", "Who", "find", "keys_of", "read_name"]

_ACCOUNT = re.compile(r"woo:\s*([0-9]{1,18})", re.IGNORECASE)
_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")


class Kind(StrEnum):
    """By what a customer is named."""

    ACCOUNT = "account"
    ID = "id"
    EMAIL = "email"
    NUMBER = "number"


class Named(NamedTuple):
    """A name as it was meant: a Webstore ID without `woo:`, an id or an e-mail in small letters, a number in capitals."""

    kind: Kind
    value: str

    @property
    def label(self) -> str:
        """How messages show it."""
        return f"woo:{self.value}" if self.kind is Kind.ACCOUNT else self.value


def read_name(text: str) -> Named:
    """What a person means by a name, in any letter case, and whatever invisible characters came along; "" = a blank number."""
    name = clean_code(text)
    account, guid = _ACCOUNT.fullmatch(name), _GUID.fullmatch(name)
    if account:
        return Named(Kind.ACCOUNT, str(int(account[1])))
    if guid:
        return Named(Kind.ID, guid[1].lower())
    return Named(Kind.EMAIL, email_key(name)) if "@" in name else Named(Kind.NUMBER, code_key(name))


# what tells a customer apart: ("bc", id), ("woo", id), or ("number", number) where no id is known
Keys = frozenset[tuple[str, str]]


class Who(NamedTuple):
    """One customer as a plan or the mapping table knows it; what does not exist or is not known is None or ""."""

    bc_id: str | None
    bc_number: str
    webstore_id: int | None

    @property
    def label(self) -> str:
        """How messages name the customer."""
        return self.bc_number or (f"woo:{self.webstore_id}" if self.webstore_id is not None else str(self.bc_id))


@dataclass(frozen=True)
class Found:
    """What names mean.

    Attributes:
        keys: of all who are named; a customer belongs to them when it has one of these keys.
        who: by position of the name: the customers that it means (one, known under one or more entries).
        problems: one sentence for each name that cannot be used. Then nothing must be done.
    """

    keys: Keys
    who: tuple[tuple[Who, ...], ...]
    problems: tuple[str, ...]


def keys_of(who: Who) -> Keys:
    """The keys of one customer."""
    keys = {("bc", who.bc_id.lower())} if who.bc_id else set()
    keys |= {("woo", str(who.webstore_id))} if who.webstore_id is not None else set()
    if not who.bc_id and who.bc_number:
        keys.add(("number", who.bc_number.lower()))
    return frozenset(keys)


def find(names: Sequence[str], customers: Iterable[Who], where: str) -> Found:
    """Who is meant.

    Args:
        names: numbers and ids in any case, ids with or without braces, `woo:ID`. Naming the same customer twice is harmless.
        customers: all who can be meant; several entries that share a key are one customer.
        where: ends a problem, such as "not in the plan".
    """
    persons = _persons(customers)
    by_name: dict[str, set[int]] = {}
    for index, person in enumerate(persons):
        for name in {name for who in person for name in _names_of(who)}:
            by_name.setdefault(name, set()).add(index)
    keys: set[tuple[str, str]] = set()
    meant: list[tuple[Who, ...]] = []
    problems = []
    for name in names:
        read = read_name(name).label
        fitting = by_name.get(read, set())
        if len(fitting) == 1:
            person = persons[next(iter(fitting))]
            meant.append(tuple(person))
            keys |= {key for who in person for key in keys_of(who)}
            continue
        meant.append(())
        if not read:
            problems.append("a blank name means nobody")
        elif fitting:
            labels = sorted({", ".join(sorted(_ids(persons[index]))) for index in fitting})
            problems.append(f"{name} fits several customers ({'; '.join(labels)}); name one by its id")
        else:
            other = f" (woo:{read} is)" if f"woo:{read}" in by_name else ""
            problems.append(f"{name}: {where}{other}")
    return Found(frozenset(keys), tuple(meant), tuple(dict.fromkeys(problems)))


def _names_of(who: Who) -> set[str]:
    names = {read_name(who.bc_number).label, (who.bc_id or "").lower()}
    names |= {f"woo:{who.webstore_id}"} if who.webstore_id is not None else set()
    return names - {""}


def _ids(person: Sequence[Who]) -> set[str]:
    ids = {who.bc_id for who in person if who.bc_id}
    return ids | {f"woo:{who.webstore_id}" for who in person if who.webstore_id is not None}


def _persons(customers: Iterable[Who]) -> list[list[Who]]:
    """The entries, those of one customer together: whoever shares a key with another is the same."""
    leader: dict[tuple[str, str], tuple[str, str]] = {}

    def first(key: tuple[str, str]) -> tuple[str, str]:
        while leader[key] != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    entries = [(who, sorted(keys_of(who))) for who in dict.fromkeys(customers)]
    for _, keys in entries:
        for key in keys:
            leader.setdefault(key, key)
            leader[first(key)] = first(keys[0])
    persons: dict[tuple[str, str], list[Who]] = {}
    for who, keys in entries:
        if keys:
            persons.setdefault(first(keys[0]), []).append(who)
    return list(persons.values())
