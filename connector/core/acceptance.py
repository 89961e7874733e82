"""What each system can keep, checked before anything is sent.

A value that the target would refuse, cut or destroy is never sent: it is left out with the reason (carrying.py).
WooCommerce's batch endpoint checks nothing and can wipe an e-mail with a 200; Business Central refuses with a message per
field. Limits are those of WordPress 6.9 / WooCommerce 10.5 (measured) and of Business Central's table 18 (documented).

Two gates: `refusal` looks at one canonical value, `payload_refusals` at the finished request body, where a name has been
split and an e-mail joined with its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.core import typed_values
from connector.core.customer import FieldRule, FieldRules, Side
from connector.core.geography import Geography
from connector.core.normalize import clean, unescape
from connector.core.properties import base_name

__all__ = ["payload_refusals", "refusal"]

# WordPress' is_email, without `&`, which WordPress turns into an entity and so loses the address
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
_EMAIL = re.compile(rf"[A-Za-z0-9!#$%'*+/=?^_`{{|}}~.\-]+@(?:{_LABEL}\.)+{_LABEL}")
_ISO_COUNTRY = re.compile(r"[A-Z]{2}")
_LETTER = re.compile(r"[^\W\d_]")
_OCTET = re.compile(r"%[0-9A-Fa-f]{2}")
WEBSTORE_EMAIL_LENGTH = 100
SHORTEST_EMAIL = 6


def refusal(
    target: Side, rule: FieldRule, value: str, geography: Geography, *, creating: bool, country: str = ""
) -> str:
    """Why the target cannot keep a canonical value; "" if it can.

    Args:
        value: "" means blank.
        creating: the value is part of a new customer, so that required fields must be there.
        country: the canonical country of the address that a state belongs to.
    """
    if rule.normalizer == "state" and _quarantined_state(value, country, geography):
        return f"{_shown(value)} is no state of {country} (mappings/state_policies.csv)"
    wrong = typed_values.problem(rule.normalizer, value, rule.options)
    if wrong:
        return wrong
    if target is Side.WEBSTORE:
        return _webstore_refusal(rule, value, creating)
    return _business_central_refusal(rule, value, geography, creating, country)


def payload_refusals(target: Side, rules: FieldRules, body: Mapping[str, Any]) -> dict[str, str]:
    """Why the target cannot keep what a request body holds: field → reason."""
    reasons: dict[str, str] = {}
    if target is Side.BUSINESS_CENTRAL:
        for name, stored in body.items():
            for rule in rules.by_property.get(name, ()):
                reason = _too_long(rule, stored) or (_bad_neighbour(stored) if name == "email" else "")
                if reason:
                    reasons[rule.field] = reason
        return reasons
    names = {part: str(body[part]) for part in ("first_name", "last_name") if part in body}
    reason = next((f"{part}: {why}" for part, why in ((p, _mangled(v)) for p, v in names.items()) if why), "")
    if reason:
        reasons |= {rule.field: reason for rule in rules.rules if rule.webstore == "name"}
    return reasons


def _webstore_refusal(rule: FieldRule, value: str, creating: bool) -> str:
    if rule.webstore == "email":
        if not value:
            return (
                "a webstore account needs an e-mail" if creating else "a webstore account cannot be without an e-mail"
            )
        if len(value) > WEBSTORE_EMAIL_LENGTH:
            return f"the e-mail is longer than the {WEBSTORE_EMAIL_LENGTH} characters that the webstore keeps"
    if rule.webstore in {"email", "billing.email"} and value and not _is_email(value):
        return "the e-mail is one that the webstore refuses or mangles"
    if rule.webstore.endswith(".country") and value and not _ISO_COUNTRY.fullmatch(value):
        return f"{_shown(value)} is no ISO country code; give it one in mappings/countries.csv"
    if "\\" in value and not rule.in_metadata:
        return "the webstore drops backslashes"
    return ""


def _business_central_refusal(rule: FieldRule, value: str, geography: Geography, creating: bool, country: str) -> str:
    if rule.business_central == "displayName" and not value:
        return "the customer has neither a company nor a name" if creating else "the name cannot be blank"
    name = base_name(rule.business_central)
    if name == "email" and value and not _is_email(value):
        return "the e-mail is not one that Business Central accepts"
    if name == "phoneNumber" and _LETTER.search(value):
        return "the phone number holds letters"
    stored = value
    if rule.normalizer == "country":
        code = geography.company_country(value)
        if code is None:
            return f"the company has no Country/Region {_shown(value)}"
        stored = code
    if rule.normalizer == "state":
        stored = geography.state_name(country, value)
    return _too_long(rule, stored)


def _too_long(rule: FieldRule, stored: Any) -> str:
    """Business Central counts UTF-16 units: an emoji is two. Of some texts it says no limit."""
    most = rule.most
    if not most or not isinstance(stored, str) or 2 * len(stored) <= most:
        return ""
    length = len(stored) if stored.isascii() else len(stored.encode("utf-16-le", "surrogatepass")) // 2
    return f"{length} characters, but Business Central keeps {most}" if length > most else ""


def _bad_neighbour(emails: Any) -> str:
    """Business Central checks every address of the field again, also those that were there before."""
    fine = not emails or all(_is_email(clean(part)) for part in str(emails).split(";"))
    return "" if fine else "the e-mail field holds another address that Business Central does not accept"


def _mangled(name: str) -> str:
    """Why WordPress would store something else for a first or last name of an account; "" if it would not."""
    if name == "0":
        return "the webstore takes 0 for no name"
    if "<" in name:
        return "the webstore strips what begins with <"
    if _OCTET.search(name):
        return "the webstore strips % with two hexadecimal digits"
    if unescape(name) != name:
        return "the webstore turns HTML entities into characters"
    return ""


def _quarantined_state(value: str, country: str, geography: Geography) -> bool:
    return geography.policy(country).unknown == "quarantine" and geography.unknown_state(country, value)


def _is_email(value: str) -> bool:
    return len(value) >= SHORTEST_EMAIL and _EMAIL.fullmatch(value) is not None


def _shown(value: str) -> str:
    """A code, short enough for a message."""
    return repr(value[:20])
