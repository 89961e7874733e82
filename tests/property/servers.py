"""What the two systems store for a request, no more: the storing rules that were measured or documented.

Written from the facts alone, so that the rules of the product are checked against somebody else's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

BILLING = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "postcode",
    "country",
    "state",
    "email",
    "phone",
)
NAMES = ("first_name", "last_name")


class Refused(Exception):
    """The server answers 400."""


def _unslashed(text: str) -> str:
    """PHP's stripslashes."""
    return re.sub(r"\\(.?)", lambda found: "\0" if found[1] == "0" else found[1], text, flags=re.DOTALL)


def _sanitized(text: str) -> str:
    """WordPress' sanitize_text_field, as far as it was seen at work: tags, octets, blanks."""
    if "<" in text:
        text = re.sub(r"<(script|style)[^>]*?>.*?</\1>", "", text, flags=re.DOTALL | re.IGNORECASE)
        text = re.sub(r"<[^>\s][^>]*>", "", text).replace("< ", "<").replace(" >", ">")
    text = re.sub(r"[\r\n\t ]+", " ", text).strip(" \t\n\r\0\x0b")
    while re.search("%[a-f0-9]{2}", text, re.IGNORECASE):
        text = re.sub("%[a-f0-9]{2}", "", text, flags=re.IGNORECASE)
    return re.sub(" +", " ", text).strip()


_WP_ENTITY = re.compile(r"&(?!(?:#0*[0-9]{1,7}|#[xX]0*[0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos|nbsp|eacute|copy);)")


def _escaped(text: str) -> str:
    """Lone ampersands become entities, entities stay: what every further save does to a name."""
    text = _WP_ENTITY.sub("&amp;", text).replace("&#39;", "&#039;")
    return text.replace("<", "&lt;").replace(">", "&gt;")


class Shop:
    """One webstore customer. `record` is what GET answers."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record: dict[str, Any] = {
            "id": record["id"],
            "role": "customer",
            "username": "u",
            "date_modified_gmt": "2026-01-01T00:00:00",
            "email": record.get("email", ""),
            **{name: record.get(name, "") for name in NAMES},
            "billing": dict.fromkeys(BILLING, "") | dict(record.get("billing", {})),
            "shipping": dict.fromkeys((*BILLING[:-2], "phone"), "") | dict(record.get("shipping", {})),
            "meta_data": [dict(item) for item in record.get("meta_data", [])],
        }

    def put(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A batch update item: only what is sent changes, but names flip between `&` and `&amp;` with every save."""
        email = body.get("email")
        if email is not None and email.lower() == self.record["email"].lower() and email != self.record["email"]:
            raise Refused("woocommerce_rest_customer_invalid_email")
        for name in NAMES:
            sent = _sanitized(_unslashed(body[name])) if name in body else self.record[name]
            changed = name in body and sent != self.record[name]
            stored = sent.replace("<", "&lt;") if changed else _escaped(sent)
            self.record[name] = "" if stored == "0" else stored
        for part in ("billing", "shipping"):
            for name, value in body.get(part, {}).items():
                self.record[part][name] = _unslashed(value)
        if email is not None and len(email) <= 100:
            self.record["email"] = "" if "&" in email or "@" not in email else re.sub(r"[^\x21-\x7e]", "", email)
        for item in body.get("meta_data", []):
            self._put_meta(item["key"], item["value"])
        return self.record

    def _put_meta(self, key: str, value: Any) -> None:
        if key.startswith(("_", "wp_")):
            return
        value = {True: "1", False: ""}.get(value, value) if isinstance(value, bool) else str(value)
        rows = [row for row in self.record["meta_data"] if row["key"] == key]
        if rows:
            rows[0]["value"] = value
        else:
            self.record["meta_data"].append({"key": key, "value": value})


class Company:
    """One Business Central customer. `record` is what GET answers."""

    lengths: Mapping[str, int] = {
        "displayName": 100, "addressLine1": 100, "addressLine2": 50, "city": 30, "state": 30, "country": 10, "postalCode": 20,
        "phoneNumber": 30, "email": 80, "taxRegistrationNumber": 20, "website": 255,
    }  # fmt: skip
    codes = frozenset({"country", "postalCode", "taxRegistrationNumber"})
    countries = frozenset({"", "NO", "DE", "US", "EL", "HU", "JP", "ES"})
    post_codes: Mapping[str, tuple[str, str]] = {"EH1 1YZ": ("Edinburgh", "Scotland"), "0150": ("Oslo", "")}

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record: dict[str, Any] = {
            "@odata.etag": 'W/"1"',
            "number": "C1",
            "type": "Person",
            "blocked": "_x0020_",
            "creditLimit": 0,
            "taxLiable": False,
            "lastModifiedDateTime": "2026-01-01T00:00:00Z",
            **dict.fromkeys(self.lengths, ""),
            **record,
        }

    def patch(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Validates property by property, in the order of the body; all or nothing."""
        done = dict(self.record)
        for name, value in body.items():
            if name in self.lengths:
                self._put_text(done, name, value)
            elif name == "taxLiable" and not isinstance(value, bool):
                raise Refused("taxLiable")
            elif name == "creditLimit" and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise Refused("creditLimit")
            elif name == "blocked" and value not in {" ", "_x0020_", "Ship", "Invoice", "All"}:
                raise Refused("blocked")
            else:
                done[name] = "_x0020_" if value == " " else value
        if "displayName" in body and not done["displayName"]:
            raise Refused('The blank "displayName" is not allowed.')
        self.record = done
        return done

    def _put_text(self, done: dict[str, Any], name: str, value: str) -> None:
        text = value.strip(" ")
        text = "".join(c.upper() if len(c.upper()) == 1 else c for c in text) if name in self.codes else text
        if len(text.encode("utf-16-le")) // 2 > self.lengths[name]:
            raise Refused("Application_StringExceededLength")
        if name == "phoneNumber" and any(character.isalpha() for character in text):
            raise Refused("Phone No. must not contain letters")
        if name == "email" and any("@" not in part.strip() for part in text.split(";") if text):
            raise Refused(f"The email address {text!r} is not valid.")
        if name == "country":
            if text not in self.countries:
                raise Refused("Internal_InvalidTableRelation")
            if done["country"] and done["country"] != text:
                done |= {"city": "", "state": "", "postalCode": ""}
        done[name] = text
        if name == "postalCode" and text in self.post_codes:
            done["city"], done["state"] = self.post_codes[text]
