"""Before the first synchronisation: what in both systems' data will make work for people, and of whom.

Pure: extracts of partitions in, findings out. Customers are named by number and id, never by their values.
"""

from __future__ import annotations

import heapq
import operator
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.column_lookup import hashes_of_rows
from connector.core.customer import Side
from connector.core.evidence import evidence_of
from connector.core.extracts import Extract
from connector.core.normalize import email_key, email_keys
from connector.core.terms import Terms
from connector.core.unfit import EXAMPLES, Check, check_of, in_order, unfit_values

__all__ = ["Account", "Check", "Tally", "checks_of", "is_telling", "tally_of"]

_SHORTEST_PHONE = 6
_NOT_READ = "They are quarantined; look at them in their own system."
# mailboxes that belong to a desk: several people, or several customers, read them
_DESKS = frozenset(
    """info office mail post kontakt contact sales verkauf buchhaltung accounting accounts rechnung invoice billing einkauf
    purchasing orders order bestellung service support admin hello team shop""".split()
)
# roles whose e-mail WooCommerce lets an API key change, and which it lets it delete
_FIXED = "role cannot be written"
_WRITABLE_ROLES = frozenset({"", "customer", "subscriber"})


@dataclass(frozen=True)
class Account:
    """An account of any role, as far as it matters here."""

    webstore_id: int
    role: str
    email: str


@dataclass(frozen=True)
class Tally:
    """What is found among some customers of one side. What takes all of them is judged by `checks_of`.

    Attributes:
        checks: in the order in which people read them, whoever is tallied.
        names: what each customer is called, row by row.
        evidence: what they may share → one number per row, equal for equal evidence; 0 = there is none.
        emails: those that were asked for and are theirs.
    """

    side: Side
    checks: tuple[Check, ...]
    names: pa.Array
    evidence: Mapping[str, np.ndarray[Any, np.dtype[np.int64]]]
    emails: frozenset[str]


def tally_of(extract: Extract, terms: Terms, wanted: Collection[str] = ()) -> Tally:
    """What is found among some customers.

    Args:
        wanted: comparison keys of e-mails that are looked for.
    """
    side, names = extract.side, _names(extract)
    checks = (
        *_mailboxes(side, extract, names),
        *_blanks(side, extract, names, terms),
        *unfit_values(side, extract, names, terms),
        Check("not readable", str(side), extract.malformed.num_rows, "records are not shaped like a customer", (), _NOT_READ),
        *(_fixed_roles(extract, names) if side is Side.WEBSTORE else ()),
    )  # fmt: skip
    emails = (
        frozenset(map(email_key, extract.canonical["email"].to_pylist())) & frozenset(wanted) if wanted else frozenset()
    )
    return Tally(side, checks, pa.array(names, pa.large_string()), _shared_evidence(extract), emails)


def checks_of(
    tallies: Iterable[Tally],
    terms: Terms,
    *,
    accounts: Sequence[Account] | None = None,
    takes: Callable[[str], bool] = "customer".__eq__,
) -> list[Check]:
    """Everything that is looked for, in the order in which people should read it.

    Args:
        tallies: of all customers of both sides, in no order.
        accounts: the accounts of the webstore, of any role, that are `telling`; None = not read.
        takes: whether accounts of a role are synchronised.
    """
    told = list(tallies)
    found: list[Check] = []
    for side in Side:
        mine = [tally for tally in told if tally.side is side]
        found += _duplicates(side, mine)
        found += [reduce(operator.add, parts) for parts in zip(*(tally.checks for tally in mine), strict=True)]
    emails = frozenset().union(*(tally.emails for tally in told if tally.side is Side.BUSINESS_CENTRAL))
    if accounts is not None:  # they say more than those that were extracted
        found = [check for check in found if check.topic != _FIXED]
        found.append(_fixed([f"woo:{a.webstore_id}" for a in accounts if _is_fixed(a.role) and takes(a.role)]))
    found.append(_others(accounts or (), emails, takes))
    return [*found, _posting(terms)]


def is_telling(account: Account, takes: Callable[[str], bool]) -> bool:
    """Whether an account is looked at by itself: the others are synchronised, and their role can be written."""
    return _is_fixed(account.role) or not takes(account.role)


def _names(extract: Extract) -> list[str]:
    if extract.side is Side.WEBSTORE:
        return [f"woo:{key}" for key in extract.raw["webstore_id"].to_pylist()]
    return [str(number) for number in extract.raw["number"].to_pylist()]


def _shared_evidence(extract: Extract) -> dict[str, np.ndarray[Any, np.dtype[np.int64]]]:
    evidence = evidence_of(extract.canonical)
    digits = pc.replace_substring_regex(evidence["phone"], r"\D", "")
    phones = pc.if_else(pc.less(pc.utf8_length(digits), _SHORTEST_PHONE), "", digits)
    columns = {
        "same e-mail": evidence["email"],
        "same VAT number": evidence["vat"],
        "same phone number": phones,
        "same name": evidence["name"],
    }
    return {topic: _numbers(column) for topic, column in columns.items()}


def _numbers(column: pa.ChunkedArray | pa.Array) -> np.ndarray[Any, np.dtype[np.int64]]:
    numbers = hashes_of_rows([column], "readiness")
    blank = np.asarray(pc.equal(column, ""))
    numbers[blank] = 0
    return numbers


def _duplicates(side: Side, tallies: Sequence[Tally]) -> Iterator[Check]:
    """Customers of one system who share evidence: such evidence can link none of them by itself."""
    remedies = {
        "same e-mail": "They are linked by hand; whom nobody links is never created twice.",
        "same VAT number": "Probably one company twice; merge them, or link them by hand.",
        "same phone number": "A phone number alone links nobody.",
        "same name": "A name alone links nobody; with the same postal code they may be one.",
    }
    for topic, remedy in remedies.items():
        groups = _groups([(tally.evidence[topic], tally.names) for tally in tallies])
        first = heapq.nsmallest(EXAMPLES, groups, lambda group: in_order(group[0]))
        finding = f"customers in {len(groups):,} group{'' if len(groups) == 1 else 's'} share it"
        examples = tuple(" = ".join(group[:4]) for group in first)
        yield Check(topic, str(side), sum(map(len, groups)), finding, examples, remedy)


def _groups(parts: Sequence[tuple[np.ndarray[Any, np.dtype[np.int64]], pa.Array]]) -> list[list[str]]:
    """The names of those who have the same number, in order, of numbers that several have; 0 is no number."""
    everything = np.concatenate([numbers for numbers, _ in parts] or [np.zeros(0, np.int64)])
    values, counts = np.unique(everything, return_counts=True)
    several = values[(counts > 1) & (values != 0)]
    groups: dict[int, list[str]] = defaultdict(list)
    for numbers, names in parts:
        rows = np.flatnonzero(np.isin(numbers, several))
        for number, name in zip(numbers[rows].tolist(), names.take(pa.array(rows)).to_pylist(), strict=True):
            groups[number].append(name)
    return [sorted(group, key=in_order) for group in groups.values()]


def _mailboxes(side: Side, extract: Extract, names: Sequence[str]) -> Iterator[Check]:
    emails = extract.canonical["email"].to_pylist()
    desks = [row for row, email in enumerate(emails) if email.partition("@")[0].lower() in _DESKS]
    yield check_of(
        "shared mailbox", side, desks, names, "customers are reached at a desk (info@, office@, …)",
        "Several customers may stand behind it; look at those who are linked by it.",
    )  # fmt: skip
    several = [row for row, text in enumerate(extract.raw["email"].to_pylist()) if _several(text)]
    if side is Side.BUSINESS_CENTRAL:
        yield check_of(
            "several e-mails", side, several, names, "customers have several addresses in one field",
            "The first one is compared; the others stay as they are.",
        )  # fmt: skip


def _several(text: str) -> bool:
    return len(email_keys(text)) > 1


def _blanks(side: Side, extract: Extract, names: Sequence[str], terms: Terms) -> Iterator[Check]:
    remedies = {
        "email": "They cannot be matched by it, and no account can be created for them.",
        terms.rules.country: "No template and no state can be chosen; the one for all countries is taken.",
        "name": "They cannot be created in Business Central.",
    }
    for field, remedy in remedies.items():
        if field in extract.canonical.column_names:
            rows = pc.indices_nonzero(pc.equal(extract.canonical[field], "")).to_pylist()
            yield check_of(f"no {field}", side, rows, names, f"customers have no {field}", remedy)


def _fixed_roles(extract: Extract, names: Sequence[str]) -> Iterator[Check]:
    roles = extract.raw["role"].to_pylist()
    yield _fixed([name for name, role in zip(names, roles, strict=True) if _is_fixed(role)])


def _fixed(names: Sequence[str]) -> Check:
    return check_of(
        _FIXED, Side.WEBSTORE, range(len(names)), names,
        "synchronised accounts have a role whose e-mail the API may not change",
        "Their e-mails are changed in WordPress by hand.",
    )  # fmt: skip


def _others(accounts: Iterable[Account], emails: Collection[str], takes: Callable[[str], bool]) -> Check:
    others = [a for a in accounts if not takes(a.role) and email_key(a.email) in emails]
    return check_of(
        "account of another role", Side.WEBSTORE, range(len(others)), [f"woo:{a.webstore_id} ({a.role})" for a in others],
        "accounts of roles that are not synchronised have the e-mail of a Business Central customer",
        "No second account can be created with it; link the customer by hand, or change the role filter.",
    )  # fmt: skip


def _is_fixed(role: str) -> bool:
    return role not in _WRITABLE_ROLES


def _posting(terms: Terms) -> Check:
    """Posting groups are not in the API; whether new customers get a VAT or tax area is all that can be seen."""
    without = sum(1 for properties in terms.templates.values() if "taxAreaId" not in properties)
    finding = (
        "templates set no tax area (VAT business posting group) for new customers"
        if terms.templates
        else "no template of the setup is used: new customers get what Business Central's own API setup gives them"
    )
    return Check(
        "posting groups", "business_central", without if terms.templates else int(terms.flags.pull == "All"), finding, (),
        "Customer and general posting groups come from a configuration template on page API Setup (table 18). Without one "
        "the first invoice of a new customer fails; create one customer and look at it before pulling all.",
    )  # fmt: skip
