"""Invented customers of a Business Central company that partly are the same people as a webstore's customers.

A twin holds what a person in the office would have typed of the webstore customer: readable names without entities,
tabs or backslashes, the state's name, Business Central's country code, everything within the field lengths and rules
of Business Central. Twins are found by the same e-mail. They differ as such records differ in life: writing of e-mails
and phone numbers, blanks on one side, and now and then one value that really is another.
"""

import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

from sandbox.places import BUSINESS_CENTRAL_CODES, COUNTRIES, Country, email_local_part, state_name

Record = dict[str, Any]

MAXIMUM_LENGTHS = {
    "displayName": 100,
    "addressLine1": 100,
    "addressLine2": 50,
    "city": 30,
    "state": 30,
    "country": 10,
    "postalCode": 20,
    "phoneNumber": 30,
    "email": 80,
    "taxRegistrationNumber": 20,
}
_FIRST_CHANGE = datetime(2025, 1, 7, 8, 0, tzinfo=UTC)
_CHANGES_SPAN_SECONDS = 40_000_000
_BLANKABLE = ("addressLine1", "addressLine2", "state", "phoneNumber", "taxRegistrationNumber")


def overlapping_business_central_customers(
    webstore_records: Sequence[Record], n: int | None, seed: int
) -> list[Record]:
    """`n` customers (None: about three for every four of the webstore), some 60 % of them twins of webstore customers.

    Twins are taken from the customers with a name and an e-mail; where there are too few, the rest is the company's
    own. Of the own ones some share an e-mail with another, some have none or several, some are blocked.
    """
    dice = random.Random(f"company people {seed}")
    candidates = [record for record in webstore_records if _can_have_a_twin(record)]
    if n is None:
        n = round(len(candidates) * 0.75)
    originals = dice.sample(candidates, min(len(candidates), round(n * 0.6)))
    records = [_twin(dice, original) for original in originals]
    taken = [record["email"] for record in records]
    for serial in range(1, n - len(records) + 1):
        own = _own_customer(dice, serial, taken)
        records.append(own)
        taken.append(own["email"])
    dice.shuffle(records)
    for position, record in enumerate(records, start=1):
        record["number"] = f"C{position * 10:05d}"
    return records


def _can_have_a_twin(record: Record) -> bool:
    email = record["email"]
    is_customer = record.get("role", "customer") == "customer"
    return is_customer and 0 < len(email) <= MAXIMUM_LENGTHS["email"] and bool(_display_name(record))


def _display_name(record: Record) -> str:
    billing = record["billing"]
    company = _typed(billing["company"])
    account_name = _typed(unescape(f"{record['first_name']} {record['last_name']}"))
    return company or account_name or _typed(f"{billing['first_name']} {billing['last_name']}")


def _typed(text: str) -> str:
    """The text as a person types it from the screen: one line, single blanks, no control characters."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text.replace("\\", ""))
    return " ".join(printable.split())


def _fitted(field: str, text: str) -> str:
    return _typed(text)[: MAXIMUM_LENGTHS[field]].rstrip()


def _blank_customer(dice: random.Random) -> Record:
    changed = _FIRST_CHANGE + timedelta(seconds=dice.randrange(_CHANGES_SPAN_SECONDS), milliseconds=dice.randrange(990))
    return {
        "id": str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        "number": "",
        "displayName": "",
        "type": "Company",
        **dict.fromkeys(("addressLine1", "addressLine2", "city", "state", "country", "postalCode"), ""),
        **dict.fromkeys(("phoneNumber", "email", "website", "taxRegistrationNumber"), ""),
        "blocked": "_x0020_",
        "lastModifiedDateTime": changed.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _twin(dice: random.Random, original: Record) -> Record:
    billing = original["billing"]
    record = _blank_customer(dice)
    country = _typed(billing["country"]).upper()
    record.update(
        displayName=_fitted("displayName", _display_name(original)),
        type="Company" if _typed(billing["company"]) else "Person",
        addressLine1=_fitted("addressLine1", billing["address_1"]),
        addressLine2=_fitted("addressLine2", billing["address_2"]),
        city=_fitted("city", billing["city"]),
        state=_fitted("state", state_name(billing["country"], billing["state"])),
        country=BUSINESS_CENTRAL_CODES.get(country, country)[: MAXIMUM_LENGTHS["country"]],
        postalCode=_fitted("postalCode", billing["postcode"].upper()),
        phoneNumber=_phone(billing["phone"]),
        email=original["email"],
        taxRegistrationNumber=_vat_number(original),
    )
    _write_differently(dice, record)
    _leave_blank_or_fill(dice, record)
    if dice.random() < 0.03:
        _change_one_value(dice, record)
    return record


def _phone(text: str) -> str:
    return "".join(letter for letter in text if letter in "+0123456789 -()/")[: MAXIMUM_LENGTHS["phoneNumber"]].strip()


def _vat_number(original: Record) -> str:
    for item in original.get("meta_data") or []:
        if item.get("key") == "vat_number":
            return _fitted("taxRegistrationNumber", str(item.get("value", "")).upper())
    return ""


def _write_differently(dice: random.Random, record: Record) -> None:
    """The same values as other people write them."""
    if dice.random() < 0.06:
        record["email"] = dice.choice((record["email"].upper(), record["email"].title()))
    elif dice.random() < 0.01 and len(record["email"]) < 55:
        record["email"] += ";invoice@office.example"
    phone = record["phoneNumber"].replace(" ", "")
    if len(phone) > 8 and dice.random() < 0.3:
        separator = dice.choice((" ", "-", ""))
        record["phoneNumber"] = separator.join((phone[:-8], phone[-8:-4], phone[-4:]))


def _leave_blank_or_fill(dice: random.Random, record: Record) -> None:
    if dice.random() < 0.08:
        record[dice.choice(_BLANKABLE)] = ""
    elif not record["addressLine1"] and dice.random() < 0.15:
        _settle(dice, record, dice.choice(COUNTRIES))


def _change_one_value(dice: random.Random, record: Record) -> None:
    field = dice.choice(("phoneNumber", "addressLine1", "displayName"))
    record[field] = {
        "phoneNumber": f"+47 {dice.randrange(20_000_000, 80_000_000)}",
        "addressLine1": f"Nygata {dice.randrange(1, 90)}",
        "displayName": f"Moved & Renamed {dice.randrange(1, 1_000)} AS",
    }[field]


def _settle(dice: random.Random, record: Record, country: Country) -> None:
    """Give the customer an address and a phone number in the country."""
    place = dice.choice(country.places)
    record.update(
        addressLine1=f"{dice.choice(('Storgata', 'High Street', 'Hauptstraße', 'ul. Polna'))} {dice.randrange(1, 120)}",
        city=place.city,
        state=_fitted("state", state_name(country.code, place.state)),
        country=country.business_central_code,
        postalCode=place.postcode.upper(),
        phoneNumber=f"{country.dialling} {dice.randrange(10_000_000, 100_000_000)}",
    )


def _own_customer(dice: random.Random, serial: int, taken: Sequence[str]) -> Record:
    country = dice.choice(COUNTRIES)
    first, last = dice.choice(country.given), dice.choice(country.family)
    record = _blank_customer(dice)
    is_company = dice.random() < 0.6
    record["type"] = "Company" if is_company else "Person"
    record["displayName"] = dice.choice(country.company_forms).format(last) if is_company else f"{first} {last}"
    record["email"] = _own_email(dice, serial, f"{email_local_part(last)}{serial:06d}", taken)
    if dice.random() < 0.9:
        _settle(dice, record, country)
    if is_company and dice.random() < 0.5:
        record["taxRegistrationNumber"] = f"{country.business_central_code}{900_000_000 + serial}"
    if dice.random() < 0.03:
        record["blocked"] = "All"
    return record


def _own_email(dice: random.Random, serial: int, local: str, taken: Sequence[str]) -> str:
    kind = dice.random()
    if kind < 0.04:
        return ""
    if kind < 0.06 and taken:
        # Somebody else's address, so nobody can tell by the address who is who.
        return taken[dice.randrange(len(taken))].partition(";")[0]
    if kind < 0.08:
        return f"{local}@office.example;invoice{serial}@office.example"
    return f"{local}@office.example"
