"""Invented customers of a webstore, in the shape of WooCommerce's API, as varied as those of a real shop.

The same number and seed give the same customers. Nobody here exists: every address is below .example, every phone
number is drawn. The mishaps are those found in shops: names only in the account or only in the address, HTML entities
in account names (WordPress stores them so), tabs and backslashes, customers imported without any modification date.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from sandbox.places import COUNTRIES, Country, Place, email_local_part

Record = dict[str, Any]

_FIRST_REGISTRATION = datetime(2024, 1, 8, 9, 0, tzinfo=UTC)
_REGISTRATION_SPAN_MINUTES = 1_300_000
_SHOP_TIME_ZONE = timedelta(hours=1)
_DOMAINS = ("mail.example", "post.example", "MAIL.example", "xn--mller-kva.example", "shop.mail.example")
_BLANK_ADDRESS = dict.fromkeys(
    ("first_name", "last_name", "company", "address_1", "address_2", "city", "postcode", "country", "state", "phone"),
    "",
)
# Account names as WordPress keeps them: entities, a lost level of backslashes to come, spreadsheet formulas.
_ODD_NAMES = (
    ("Tom &amp; Jerry", "AT&amp;T"),
    ("Ola\\Kari", "Nord\\mann"),
    ("D'Arcy", 'O"Neil'),
    ("=1+1", "@SUM(A1)"),
    ("Anne", ""),
)
_OTHER_ROLES = ("subscriber", "subscriber", "subscriber", "editor", "shop_manager")


@dataclass
class _Draw:
    """The running numbers and the dice of one generated shop."""

    dice: random.Random
    next_meta_id: int = 100


def generated_webstore_customers(n: int, seed: int) -> list[Record]:
    """`n` customers of role customer, and among them, in addition, one user of another role for every 32 of them.

    Ids ascend from 3 (1 and 2 are an administrator's and a shop manager's in most shops); e-mails that are not blank
    and usernames are unique, also when case is ignored.
    """
    draw = _Draw(random.Random(f"webstore people {seed}"))
    records: list[Record] = []
    for serial in range(1, n + 1):
        records.append(_customer(draw, len(records) + 3, serial))
        if serial % 32 == 0:
            records.append(_other_user(draw, len(records) + 3, serial // 32))
    return records


def _customer(draw: _Draw, identifier: int, serial: int) -> Record:
    dice = draw.dice
    country = dice.choice(COUNTRIES)
    first, last = dice.choice(country.given), dice.choice(country.family)
    local = f"{email_local_part(first)}.{email_local_part(last)}{serial:06d}"
    email = "" if serial % 1000 == 0 else f"{local}@{dice.choice(_DOMAINS)}"
    record = _account(draw, identifier, f"user{serial:06d}", email, "customer")
    record["first_name"], record["last_name"] = escape(first, quote=False), escape(last, quote=False)
    shape = dice.random()
    if shape < 0.78:
        _fill_address(draw, record, country, first, last, serial)
        if shape < 0.10:
            record["first_name"] = record["last_name"] = ""
    elif shape < 0.88:
        record["billing"]["country"] = country.code
    elif shape < 0.91:
        _make_imported(record, country, last)
    elif shape < 0.92:
        record["first_name"], record["last_name"] = dice.choice(_ODD_NAMES)
    if serial % 10 == 0:
        # without a country it would be a number of the company's own, and Business Central would refuse it
        number = f"{country.business_central_code}{serial:09d}" if record["billing"]["country"] else ""
        _add_meta(draw, record, number, serial)
    return record


def _account(draw: _Draw, identifier: int, username: str, email: str, role: str) -> Record:
    created = _FIRST_REGISTRATION + timedelta(
        minutes=draw.dice.randrange(_REGISTRATION_SPAN_MINUTES), seconds=identifier % 60
    )
    modified = created + timedelta(minutes=draw.dice.choice((0, 0, 3, 1_440, 20_160)))
    return {
        "id": identifier,
        "date_created": _timestamp(created + _SHOP_TIME_ZONE),
        "date_created_gmt": _timestamp(created),
        "date_modified": _timestamp(modified + _SHOP_TIME_ZONE),
        "date_modified_gmt": _timestamp(modified),
        "email": email,
        "first_name": "",
        "last_name": "",
        "role": role,
        "username": username,
        "billing": {**_BLANK_ADDRESS, "email": ""},
        "shipping": dict(_BLANK_ADDRESS),
        "is_paying_customer": draw.dice.random() < 0.3,
        "avatar_url": "https://secure.gravatar.com/avatar/",
        "meta_data": [],
    }


def _fill_address(draw: _Draw, record: Record, country: Country, first: str, last: str, serial: int) -> None:
    dice = draw.dice
    place = dice.choice(country.places)
    billing = record["billing"]
    billing.update(
        first_name=first,
        last_name=last,
        company=_company(dice, country, last) if dice.random() < 0.25 else "",
        address_1=f"{dice.choice(('Gate', 'Street', 'Rue', 'ul. Długa', 'Straße'))} {dice.randrange(1, 199)}",
        address_2="c/o Näbo, 3. étage" if dice.random() < 0.1 else "",
        city=place.city,
        postcode=_postcode(dice, place),
        country=country.code,
        state=place.state,
        email=record["email"] if dice.random() < 0.7 else f"accounts@{email_local_part(last)}.example",
        phone=f"{country.dialling} {dice.randrange(10_000_000, 100_000_000)}",
    )
    if serial % 5 == 0:
        record["shipping"].update({name: billing[name] for name in _BLANK_ADDRESS}, address_1="Warehouse 7")


def _company(dice: random.Random, country: Country, last: str) -> str:
    if dice.random() < 0.05:
        return "Tab\tInc"
    return dice.choice(country.company_forms).format(last)


def _postcode(dice: random.Random, place: Place) -> str:
    return place.postcode.lower() if dice.random() < 0.1 else place.postcode


def _make_imported(record: Record, country: Country, last: str) -> None:
    """As an import plugin leaves a user: WooCommerce has never saved it, so it has no modification date."""
    record["date_modified"] = record["date_modified_gmt"] = None
    record["billing"]["company"] = country.company_forms[0].format(last)


def _add_meta(draw: _Draw, record: Record, vat_number: str, serial: int) -> None:
    for key, value in (("vat_number", vat_number), ("newsletter", ""), ("tags", ["a", "b", serial])):
        record["meta_data"].append({"id": draw.next_meta_id, "key": key, "value": value})
        draw.next_meta_id += 1


def _other_user(draw: _Draw, identifier: int, serial: int) -> Record:
    role = draw.dice.choice(_OTHER_ROLES)
    record = _account(draw, identifier, f"{role}{serial}", f"{role}{serial}@mail.example", role)
    record["date_modified"] = record["date_modified_gmt"] = None
    record["is_paying_customer"] = False
    if role == "subscriber":
        record["first_name"], record["last_name"] = f"Sub{serial}", "Scriber"
    return record


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
