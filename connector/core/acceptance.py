"""What each system can keep, checked before anything is sent.

A value that the target would refuse, cut or destroy is never sent: the customer is quarantined with the reason instead.
WooCommerce's batch endpoint checks nothing and can wipe an e-mail with a 200; Business Central refuses with a message per
field. Limits are those of WordPress 6.9 / WooCommerce 10.5 (measured) and of Business Central's table 18 (documented).
"""

from __future__ import annotations

import re

from connector.core.customer import FieldRule, Side
from connector.core.geography import Geography

__all__ = ["refusal"]

# WordPress' is_email, without `&`, which WordPress turns into an entity and so loses the address
_EMAIL = re.compile(
    r"^[A-Za-z0-9!#$%'*+/=?^_`{|}~.\-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.)+[A-Za-z0-9\-]{2,}$"
)
_LETTER = re.compile(r"[^\W\d_]")
WEBSTORE_EMAIL_LENGTH = 100


def refusal(target: Side, rule: FieldRule, value: str, geography: Geography, *, creating: bool) -> str:
    """Why the target cannot keep a canonical value; "" if it can.

    Args:
        value: "" means blank.
        creating: the value is part of a new customer, so that required fields must be there.
    """
    if target is Side.WEBSTORE:
        return _webstore_refusal(rule, value, creating)
    return _business_central_refusal(rule, value, geography, creating)


def _webstore_refusal(rule: FieldRule, value: str, creating: bool) -> str:
    if rule.normalizer != "email":
        return ""
    if not value:
        return "a webstore account needs an e-mail" if creating else "a webstore account cannot be without an e-mail"
    if len(value) > WEBSTORE_EMAIL_LENGTH:
        return f"the e-mail is longer than the {WEBSTORE_EMAIL_LENGTH} characters that the webstore keeps"
    return "" if _EMAIL.match(value) else "the e-mail is one that the webstore refuses or mangles"


def _business_central_refusal(rule: FieldRule, value: str, geography: Geography, creating: bool) -> str:
    if rule.business_central == "displayName" and not value:
        return "the customer has neither a company nor a name" if creating else "the name cannot be blank"
    stored = value
    if rule.normalizer == "country":
        code = geography.company_country(value)
        if code is None:
            return f"the company has no Country/Region {value[:10]!r}"
        stored = code
    if rule.normalizer == "email" and value and not _EMAIL.match(value):
        return "the e-mail is not one that Business Central accepts"
    if rule.normalizer == "phone" and _LETTER.search(value):
        return "the phone number holds letters"
    if len(stored) > rule.max_length:
        return f"{len(stored)} characters, but Business Central keeps {rule.max_length}"
    return ""
