"""The list that somebody has already: who is who by number, id, e-mail or name, looked up in both systems as they are now.

A name counts only where it is unique. Since lists come out of spreadsheets, a number is compared with all that the company has:
one from which zeros were eaten, or that has become a date, is told and never taken for another customer's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.core.customer_references import Kind, read_name
from connector.core.normalize import clean, clean_code, code_key, email_key, email_keys
from connector.core.spreadsheets import loss, originals
from connector.desk.desk import Desk
from connector.errors import ConnectionRefused, RemoteTrouble
from connector.run.sides import verify_sides
from connector.table_reading import Table

__all__ = ["Listed", "lines_to_look_up", "look_up", "with_known_columns"]

# how lists call the columns of an export
_CALLED = {
    "bc_number": ("no", "no.", "nr", "nr.", "number", "customer_no", "customer_no.", "customer_number"),
    "webstore_id": ("webstore_customer_id", "woo_id", "woocommerce_id", "user_id", "account", "account_id"),
    "email": ("e_mail", "mail", "e_mail_address", "email_address"),
}  # fmt: skip
_COLUMN = {other: name for name, others in _CALLED.items() for other in others}
_SHOP_FIELDS = ("email", "username", "first_name", "last_name", "billing.email", "billing.company")
_COMPANY_FIELDS = ("id", "number", "displayName", "email")
_SHOWN = 5
# more texts that nobody knows than these are no accident of a spreadsheet, and comparing each with everything takes long
_COMPARED = 200


@dataclass(frozen=True)
class Listed:
    """What a file says of customers whom it names by something else than ids.

    Attributes:
        values: line → what stands there, as an export would have it.
        problems: line → what is wrong with it.
        accounts: Webstore ID → record, of everybody who was looked up.
    """

    values: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    problems: Mapping[int, str] = field(default_factory=dict)
    accounts: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Named:
    """A line that names somebody: the customer, the account ("" = none), the e-mail beside them, and its other values."""

    line: int
    customer: str
    account: str
    email: str
    rest: Mapping[str, str]


def with_known_columns(table: Table) -> Table:
    """The table with its columns called as in an export, where a list calls them otherwise."""
    header = [_COLUMN.get(name, name) if _COLUMN.get(name) not in table.header else name for name in table.header]
    return replace(table, header=tuple(header))


def lines_to_look_up(table: Table) -> list[int]:
    """The lines that name somebody by something else than ids."""
    return [each.line for each in _named(table)]


def look_up(desk: Desk, table: Table) -> Listed:
    """Find everybody whom a file names by something else than ids.

    Args:
        desk: with its secrets.

    Raises:
        SetupError: one of the systems is not the setup's.
    """
    named = _named(table)
    if not named:
        return Listed()
    setup = desk.setup
    try:
        with BusinessCentralClient(setup.business_central) as company, WooCommerceClient(setup.webstore) as webstore:
            verify_sides(desk.store, setup, webstore, company)
            customers = _Company(company)
            accounts = _Shop(webstore, [each.account for each in named if each.account])
    except (ConnectionRefused, RemoteTrouble) as error:
        return Listed(
            problems={each.line: f"{each.customer or 'nobody'} cannot be looked up: {error.message}" for each in named}
        )
    values: dict[int, dict[str, str]] = {}
    problems: dict[int, str] = {}
    for each in named:
        record, wrong = customers.find(each.customer)
        # in an export a blank cell is an account that somebody took away; in a list it is one that nobody knows
        webstore_id, no_account = accounts.find(each.account) if each.account else ("", "names no account")
        wrong = wrong or customers.contradiction(record, each.customer, each.email)
        if record is None or wrong or no_account:
            problems[each.line] = "; ".join(text for text in (wrong, no_account) if text)
            continue
        found = {"bc_id": record["id"], "bc_number": record["number"], "name": record["displayName"]}
        values[each.line] = {**each.rest, **found, "webstore_id": webstore_id}
    return Listed(values, problems, accounts.records)


def _named(table: Table) -> list[_Named]:
    """The lines that name somebody by something else than ids. E-mail and name stand for whoever has no column of his own."""
    header, found = set(table.header), []
    is_list = "bc_id" not in header
    for line in table.lines:
        texts: dict[str, str] = {name: clean(text) for name, text in zip(table.header, line.values, strict=False)}
        other = texts.get("email", "") or texts.get("name", "")
        customer = (
            texts.get("bc_id", "") or texts.get("bc_number", "") or (other if is_list or texts.get("email") else "")
        )
        account = texts.get("webstore_id", "") if "webstore_id" in header else other if is_list else ""
        by_name = (is_list or "@" in customer or not texts.get("bc_id", "")) and bool(customer)
        if not line.problem and (by_name or "@" in account):
            rest: dict[str, str] = {
                name: texts.get(name, "") for name in ("webstore_customer", "username") if name in header
            }
            found.append(_Named(line.number, customer, account, texts.get("email", ""), rest))
    return found


def _number_of(text: str) -> str:
    """A whole number as programs write it that know no empty numbers: 17.0 is 17."""
    code = clean_code(text)
    whole, point, rest = code.partition(".")
    return whole if point and whole.isdecimal() and set(rest) == {"0"} else code


class _Company:
    """All customers of Business Central, by what people call them."""

    def __init__(self, company: BusinessCentralClient) -> None:
        self._ids: dict[str, dict[str, str]] = {}
        self._named: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
        self._values: dict[Decimal, list[str]] = defaultdict(list)
        self._compared = 0
        company.read_customers(self._keep, select=_COMPANY_FIELDS)

    def _keep(self, records: list[dict[str, Any]]) -> None:
        for record in records:
            row = {name: str(record.get(name) or "") for name in _COMPANY_FIELDS} | {"id": str(record["id"]).lower()}
            self._ids[row["id"]] = row
            self._named["number", code_key(row["number"])].append(row)
            self._named["name", _name_key(row["displayName"])].append(row)
            for email in email_keys(row["email"]):
                self._named["email", email].append(row)
            value = _value(row["number"])
            if value is not None:
                self._values[value].append(row["number"])

    def find(self, text: str) -> tuple[dict[str, str] | None, str]:
        """The customer, or what is wrong."""
        named = read_name(text)
        if named.kind is Kind.ID and named.value in self._ids:
            return self._ids[named.value], ""
        if named.kind is Kind.EMAIL:
            return _one(text, self._named.get(("email", named.value), []), "e-mail", "Business Central")
        return self._by_number(text) or _one(
            text, self._named.get(("name", _name_key(text)), []), "name", "Business Central"
        )

    def contradiction(self, record: Mapping[str, str] | None, text: str, email: str) -> str:
        """That a line names one customer and has the e-mail of others: a running number of the list, say, or an old one."""
        others = self._named.get(("email", email_key(email)), []) if email else []
        if record is None or not others or any(other["id"] == record["id"] for other in others):
            return ""
        numbers = _several(list(dict.fromkeys(other["number"] for other in others)))
        return f"{text} is {record['number']} {record['displayName']}, and {email} is the e-mail of {numbers}"

    def _by_number(self, text: str) -> tuple[dict[str, str] | None, str] | None:
        """None = it has nothing to do with any number."""
        found = self._named.get(("number", code_key(text)), [])
        value = _value(text)
        alike = [] if value is None else [number for number in self._values.get(value, ()) if loss(text, number)]
        if found and alike:
            several = _several([found[0]["number"], *alike])
            return (
                None,
                f"{text} may be any of {several}: a spreadsheet eats zeros; name the customer by id, e-mail or name",
            )
        if found:
            return found[0], ""
        if not alike and self._compared < _COMPARED:
            self._compared += 1
            alike = [number for number, _ in originals(text, [row["number"] for row in self._ids.values()])]
        if not alike:
            return None
        why = loss(text, alike[0]) or "eats zeros"
        return None, f"{text}: no such customer in Business Central; a spreadsheet {why}: did it say {_several(alike)}?"


class _Shop:
    """The accounts that a list names, and all others if it names some by more than their ids."""

    def __init__(self, webstore: WooCommerceClient, texts: Sequence[str]) -> None:
        self._named: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
        self._ids: set[int] = set()
        wanted = {int(key) for text in texts if (key := _account(text))}
        if not all(map(_account, texts)):
            webstore.read_customers(self._keep, role="all", fields=_SHOP_FIELDS)
            wanted |= {int(found["number"]) for text in texts if (found := self._by_name(text)[0]) is not None}
        self.records = webstore.customers_by_id(wanted) if wanted else {}

    def _keep(self, records: list[dict[str, Any]]) -> None:
        for record in records:
            billing = record.get("billing") or {}
            person = f"{record.get('first_name') or ''} {record.get('last_name') or ''}"
            row = {"number": str(record["id"])}
            self._named["email", email_key(str(record.get("email") or ""))].append(row)
            self._named["billing", email_key(str(billing.get("email") or ""))].append(row)
            for name in {
                _name_key(str(each or "")) for each in (person, billing.get("company"), record.get("username"))
            } - {""}:
                self._named["name", name].append(row)

    def find(self, text: str) -> tuple[str, str]:
        """The Webstore ID, or what is wrong."""
        key = _account(text)
        if key:
            return (key, "") if int(key) in self.records else ("", f"woo:{key} is not in the webstore")
        row, wrong = self._by_name(text)
        return (row["number"] if row else ""), wrong

    def _by_name(self, text: str) -> tuple[dict[str, str] | None, str]:
        if "@" not in text:
            return _one(text, self._named.get(("name", _name_key(text)), []), "name", "the webstore")
        key = email_key(text)
        rows = self._named.get(("email", key), []) or self._named.get(("billing", key), [])
        return _one(text, rows, "e-mail", "the webstore")


def _account(text: str) -> str:
    """The Webstore ID that a text is, "" if it is none."""
    code = _number_of(text)
    named = read_name(code if code.lower().startswith("woo:") else f"woo:{code}")
    return named.value if named.kind is Kind.ACCOUNT and named.value != "0" else ""


def _one(text: str, rows: Sequence[dict[str, str]], by: str, where: str) -> tuple[dict[str, str] | None, str]:
    distinct = list({row["number"]: row for row in rows}.values())
    if len(distinct) == 1:
        return distinct[0], ""
    if distinct:
        numbers = _several([row["number"] for row in distinct])
        return None, f"{text}: several have this {by} in {where} ({numbers}); name one by number or id"
    return None, f"{text}: no such customer in {where}"


def _several(numbers: Sequence[str]) -> str:
    more = len(numbers) - _SHOWN
    return ", ".join(numbers[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _name_key(name: str) -> str:
    return clean(name).casefold()


def _value(number: str) -> Decimal | None:
    text = number.strip()
    try:
        return Decimal(text) if text.isascii() and text[:1].isdigit() and len(text) < 40 else None
    except InvalidOperation:
        return None
