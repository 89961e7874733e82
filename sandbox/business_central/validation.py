"""What Business Central does when a value enters a field of a customer: checks, and changes of other fields.

`Draft.enter` is the field's trigger: it gets the value as it is stored and sees the customer as it stands then, so the
order of the properties matters.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.business_central.entities import CUSTOMERS, ZERO_GUID
from sandbox.business_central.errors import dialog, field_error, missing_relation
from sandbox.business_central.rows import Values
from sandbox.business_central.settings import Settings
from sandbox.business_central.store import Store
from sandbox.business_central.texts import upper

_EMAIL = re.compile(r"[^\s@;,<>()\[\]\\\"]+@[^\s@;,<>()\[\]\\\"]+")
_RELATIONS = {
    "paymentTermsId": ("paymentTerms", "Payment Terms"),
    "shipmentMethodId": ("shipmentMethods", "Shipment Method"),
    "paymentMethodId": ("paymentMethods", "Payment Method"),
    "taxAreaId": ("taxAreas", "Tax Area"),
    "currencyId": ("currencies", "Currency"),
}


@dataclass
class Draft:
    """A customer while values enter it; `values` is its row, `currency_by_id` the code of the currency that a sent id named."""

    values: Values
    store: Store
    settings: Settings
    is_new: bool
    currency_by_id: str = ""

    def enter(self, name: str, value: Any) -> None:
        """Let a value into a field. Raises ApiError when the field refuses it."""
        if name in _RELATIONS:
            self._relation(name, value)
            return
        trigger = _TRIGGERS.get(name)
        if trigger is None:
            self.values[name] = value
        else:
            trigger(self, value)

    def _number(self, number: str) -> None:
        if number == self.values["number"]:
            return
        if not number and not self.is_new:
            raise field_error(
                f"No. must have a value in Customer: No.={self.values['number']}. It cannot be zero or empty."
            )
        # A number in use passes here and is refused when the row is written: it is not the series' business.
        if number and not self.settings.manual_numbers and not self.store.is_number_used(number):
            raise dialog(
                "You may not enter numbers manually. If you want to enter numbers manually, please activate Manual Nos. "
                f"in No. Series {self.store.numbers.code}."
            )
        self.values["number"] = number

    def _display_name(self, name: str) -> None:
        if not name:  # blanks are a name: the page compares with ''
            raise dialog('The blank "displayName" is not allowed.')
        self.values["displayName"] = name

    def _country(self, country: str) -> None:
        before = self.values["country"]
        if country and self.store.references.id_of("countriesRegions", country) is None:
            raise missing_relation("Country/Region Code", "Customer", country, "Country/Region")
        self.values["country"] = country
        if country == before:
            return
        is_kept = self.settings.country_required_in_addresses or (
            self.is_new and not self.settings.country_clears_new_addresses
        )
        if before and not is_kept:
            self.values.update(postalCode="", city="", state="")
        self._check_vat_number(self.values["taxRegistrationNumber"])

    def _postal_code(self, code: str) -> None:
        self.values["postalCode"] = code
        place = self.store.references.post_code(code, self.values["country"]) if code else None
        if place is not None:
            self.values["city"], self.values["state"], self.values["country"] = place

    def _phone_number(self, number: str) -> None:
        if any(letter.isalpha() for letter in number):
            raise field_error(f"Phone No. must not contain letters in Customer No.='{self.values['number']}'.")
        self.values["phoneNumber"] = number

    def _email(self, email: str) -> None:
        # semicolons at both ends are no part of the list that is checked, and stay in what is stored
        for address in email.strip(";").split(";") if email else ():
            if not _EMAIL.fullmatch(address.strip()):
                raise dialog(f'The email address "{address.strip()}" is not valid.')
        self.values["email"] = email

    def _salesperson(self, code: str) -> None:
        references = self.store.references
        if code and references.id_of("salespeoplePurchasers", code) is None:
            raise missing_relation("Salesperson Code", "Customer", code, "Salesperson/Purchaser")
        if code and references.is_salesperson_blocked(code):
            raise dialog(f"You cannot choose Salesperson/Purchaser {code} because it is blocked.")
        self.values["salespersonCode"] = code

    def _vat_number(self, number: str) -> None:
        number = upper(number)
        if number != self.values["taxRegistrationNumber"]:  # one that is wrong since long ago may be sent again
            self._check_vat_number(number)
        self.values["taxRegistrationNumber"] = number

    def _check_vat_number(self, number: str) -> None:
        """By the formats of the customer's country, of the company's where the customer has none."""
        country = self.values["country"] or self.store.references.company_country
        formats = self.store.references.vat_formats(country)
        if not (number and formats and self.settings.checks_vat_numbers):
            return
        if not any(_has_format(number, wanted) for wanted in formats):
            raise dialog(
                "The entered VAT Registration number is not in agreement with the format specified for Country/Region "
                f"Code {country}. The following formats are acceptable: {', '.join(formats)}"
            )

    def _currency_code(self, code: str) -> None:
        """The later of code and id wins, but a code that is not that of the currency that an id has loaded is refused."""
        references = self.store.references
        if self.currency_by_id and code != self.currency_by_id:
            raise dialog("The currency values do not match to a specific Currency.")
        if code in ("", references.local_currency):
            self.values.update(currencyCode="", currencyId=ZERO_GUID)
            return
        guid = references.id_of("currencies", code)
        if guid is None:
            raise dialog('The "currencyCode" does not match to a Currency.')
        self.values.update(currencyCode=code, currencyId=guid)

    def _blocked(self, blocked: str) -> None:
        if self.values["privacyBlocked"] and blocked != "All":
            raise dialog("The Blocked field cannot be changed because the user is blocked for privacy reasons.")
        self.values["blocked"] = blocked

    def _relation(self, name: str, guid: str) -> None:
        table, caption = _RELATIONS[name]
        row = None if guid == ZERO_GUID else self.store.references.by_id(table, guid)
        if guid != ZERO_GUID and row is None:
            if self.settings.unknown_relation_error == "page":
                raise dialog(f'The "{name}" does not match to a {caption}.')
            field = CUSTOMERS.by_name[name].caption
            raise missing_relation(field, "Customer", f"{{{guid.upper()}}}", caption)
        self.values[name] = guid
        if name == "currencyId":
            self.values["currencyCode"] = self.currency_by_id = row["code"] if row else ""
        elif name == "paymentMethodId" and self.values["paymentTermsId"] == ZERO_GUID:
            self.values["paymentTermsId"] = self.store.references.direct_debit_terms(guid)


def _has_format(number: str, wanted: str) -> bool:
    if len(number) != len(wanted):
        return False
    return all(
        letter.isdigit() if mark == "#" else letter.isalnum() if mark == "@" else letter == mark
        for letter, mark in zip(number, wanted, strict=True)
    )


_TRIGGERS: dict[str, Callable[[Draft, Any], None]] = {
    "number": Draft._number,
    "displayName": Draft._display_name,
    "country": Draft._country,
    "postalCode": Draft._postal_code,
    "phoneNumber": Draft._phone_number,
    "email": Draft._email,
    "salespersonCode": Draft._salesperson,
    "taxRegistrationNumber": Draft._vat_number,
    "currencyCode": Draft._currency_code,
    "blocked": Draft._blocked,
}
