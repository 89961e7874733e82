"""The rule files beside the field map: countries, states, templates, VAT keys, names."""

from __future__ import annotations

import re

import phonenumbers

from connector.core.geography import Geography, State, StatePolicy
from connector.core.names import Culture, Cultures
from connector.core.normalize import NORMALIZERS
from connector.core.spreadsheets import as_decimal
from connector.core.typed_values import problem
from connector.rules.reading import Row, RuleFiles
from connector.setup import Template

__all__ = ["cultures", "geography", "meta_key_problem", "templates", "vat_keys"]

_COUNTRY_LENGTH = 10
# what WordPress keeps under these keys is a part of the account; the API drops them, or writes that part
_ACCOUNT_KEYS = frozenset({"nickname", "description", "locale", "paying_customer", "first_name", "last_name"})


def geography(files: RuleFiles) -> Geography:
    """countries.csv, states.csv and state_policies.csv."""
    _check_countries(files)
    _check_states(files)
    policies = files.rows("state_policies.csv")
    for row in policies:
        files.is_country(row, "country", {"*"})
        files.choose(row, "business_central", {"name", "code"})
        files.choose(row, "unknown", {"pass-through", "blank", "quarantine"})
    files.once("state_policies.csv", ["country"])
    return Geography(
        exceptions={row["iso"]: row["business_central"].upper() for row in files.rows("countries.csv")},
        states=tuple(State(row["country"], row["code"], row["name"]) for row in files.rows("states.csv")),
        policies={row["country"]: StatePolicy(row["business_central"], row["unknown"]) for row in policies},
    )


def _check_countries(files: RuleFiles) -> None:
    rows = files.rows("countries.csv")
    isos = {row["iso"] for row in rows}
    for row in rows:
        files.is_country(row, "iso")
        code = row["business_central"].upper()
        if not 0 < len(code) <= _COUNTRY_LENGTH:
            files.say(
                row,
                f"business_central is {code!r}; it must be a Country/Region Code of up to {_COUNTRY_LENGTH} characters",
            )
        elif code in phonenumbers.SUPPORTED_REGIONS and code not in isos:
            files.say(
                row, f"business_central is {code!r}, the ISO code of another country; give that country a line too"
            )
    files.once("countries.csv", ["iso"])
    files.once("countries.csv", ["business_central"])


def _check_states(files: RuleFiles) -> None:
    codes: dict[tuple[str, str], str] = {}
    names: dict[tuple[str, str], str] = {}
    for row in files.rows("states.csv"):
        files.is_country(row, "country")
        if not row["code"] or not row["name"]:
            files.say(row, "code and name must both be there; remove the line if the country has no such state")
            continue
        spelled = codes.setdefault((row["country"], row["code"].casefold()), row["code"])
        if spelled != row["code"]:
            files.say(row, f"code {row['code']!r} is spelled {spelled!r} above; spell it as the webstore does")
        meant = names.setdefault((row["country"], row["name"].casefold()), row["code"])
        if meant != row["code"]:
            files.say(row, f"name {row['name']!r} is state {meant!r} above; one name cannot mean two states")
    files.once("states.csv", ["country", "code", "name"])


def templates(files: RuleFiles, webstore: str) -> tuple[Template, ...]:
    """templates.csv: of several rows for one place, the one that names the webstore."""
    found: dict[tuple[str, str], Template] = {}
    files.once("templates.csv", ["webstore", "country", "state"])
    rows = [row for row in files.rows("templates.csv") if _check_template(files, row)]
    for row in sorted(rows, key=lambda row: bool(row["webstore"])):
        if row["webstore"] in {"", webstore}:
            found[row["country"], row["state"].upper()] = _template(row)
    return tuple(found.values())


def _check_template(files: RuleFiles, row: Row) -> bool:
    fine = files.is_webstore(row) and files.is_country(row, "country", {""})
    fine &= files.choose(row, "blocked", {"", "Ship", "Invoice", "All"})
    fine &= files.choose(row, "tax_liable", {"", "true", "false"})
    if row["state"] and not row["country"]:
        files.say(row, "a state needs its country; fill in country")
        fine = False
    number = as_decimal(row["credit_limit"])
    if number is None:
        files.say(
            row, f"credit_limit is {row['credit_limit']!r}, which may be a thousand or one; leave the separator out"
        )
        return False
    row["credit_limit"] = number
    limit = NORMALIZERS["decimal"](number)
    if limit and (problem("decimal", limit) or limit.startswith("-")):
        files.say(
            row, f"credit_limit is {row['credit_limit']!r}; it must be a number with a point, 0 = unlimited, or blank"
        )
        fine = False
    return fine


def _template(row: Row) -> Template:
    told = {name: row[name] for name in Template.model_fields if row[name]}
    return Template.model_validate(
        {**told, "credit_limit": float(row["credit_limit"]) if row["credit_limit"] else None}
    )


def vat_keys(files: RuleFiles, webstore: str) -> tuple[str, ...]:
    """vat_keys.csv: the webstore's own keys if it has any, else those of every webstore, in their order."""
    rows = files.rows("vat_keys.csv")
    for row in rows:
        files.is_webstore(row)
        wrong = meta_key_problem(row["meta_key"])
        if wrong:
            files.say(row, f"meta_key is {row['meta_key']!r}; {wrong}")
        if not re.fullmatch(r"[0-9]{1,4}", row["order"]):
            files.say(row, f"order is {row['order']!r}; it must be a whole number, the smallest is looked at first")
            return ()
    files.once("vat_keys.csv", ["webstore", "order"])
    files.once("vat_keys.csv", ["webstore", "meta_key"])
    own = [row for row in rows if row["webstore"] == webstore] or [row for row in rows if not row["webstore"]]
    return tuple(row["meta_key"] for row in sorted(own, key=lambda row: int(row["order"])))


def meta_key_problem(key: str) -> str:
    """Why a meta key cannot be used, and what to do; "" if it can."""
    if not key or re.search(r"\s", key):
        return "name one meta key, without blanks"
    if key.startswith(("_", "wp_")):
        return (
            "WooCommerce drops keys that begin with _ or wp_ without a word; choose another, such as bc_customer_number"
        )
    if key in _ACCOUNT_KEYS or (key.startswith(("billing_", "shipping_")) and _address_part(key)):
        return "that key is a part of the account itself; name the path instead (name, billing.city), or choose another"
    return ""


def _address_part(key: str) -> bool:
    part = key.partition("_")[2]
    return part in {
        "first_name", "last_name", "company", "address_1", "address_2", "city", "postcode", "country", "state", "email",
        "phone",
    }  # fmt: skip


def cultures(files: RuleFiles) -> Cultures:
    """names.csv and name_particles.csv."""
    rows, particles = files.rows("names.csv"), files.rows("name_particles.csv")
    for row in rows:
        files.is_country(row, "country", {"*"})
        files.choose(row, "order", {"given-first", "family-first", "by-script"})
        files.choose(row, "surnames", {"1", "2"})
    files.once("names.csv", ["country"])
    for row in particles:
        files.choose(row, "belongs_to", {"next", "previous", "comma"})
        if not row["word"] or re.search(r"\s", row["word"]):
            files.say(row, f"word is {row['word']!r}; it must be one word; give each word a line of its own")
    files.once("name_particles.csv", ["word"])
    words = {
        side: frozenset(row["word"].casefold() for row in particles if row["belongs_to"] == side)
        for side in ("next", "previous", "comma")
    }
    titles = frozenset(word.replace(".", "") for word in words["comma"])

    def culture(row: Row) -> Culture:
        surnames = 2 if row["surnames"] == "2" else 1
        order = row["order"]
        family_first, by_script = order == "family-first", order == "by-script"
        return Culture(family_first, surnames, words["next"], words["previous"], by_script, titles)

    found = {row["country"]: culture(row) for row in rows}
    other = found.pop("*", Culture(prefixes=words["next"], suffixes=words["previous"], never_first=titles))
    return Cultures(found, other)
