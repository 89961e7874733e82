"""Small extracts for tests of the engine: a few customers on each side, named in the tests by what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pandas as pd

from connector.core import business_central_customer, webstore_customer
from connector.core.comparison import compare
from connector.core.customer import Side
from connector.core.extracts import Extract, Known, extract_of
from connector.core.merge import FieldPolicy
from connector.core.normalize import NORMALIZERS, fingerprint
from connector.core.plan import Plan
from connector.core.terms import Flags, Terms
from connector.rules import load_rules

RULES = load_rules()
ASK = FieldPolicy("ask", "ask", "keep", "withhold")


def terms(push: str = "Mapped Only", pull: str = "All", policy: FieldPolicy = ASK, **more: Any) -> Terms:
    """The shipped rules under some flags, all policies at their defaults."""
    return Terms(
        RULES.fields, Flags(push, pull, policy), RULES.geography.with_company(["NO", "DE", "US", "EL"]), **more
    )


def account(key: int, name: str, email: str = "", **billing: str) -> dict[str, Any]:
    """A webstore customer of a person called "First Last"."""
    first, _, last = name.partition(" ")
    return {
        "id": key, "email": email, "first_name": first, "last_name": last, "role": "customer", "username": f"u{key}",
        "billing": billing, "date_modified_gmt": "2026-01-01T00:00:00", "meta_data": [],
    }  # fmt: skip


def customer(key: str, name: str, email: str = "", **properties: str) -> dict[str, Any]:
    """A Business Central customer with number N-<key>."""
    blank = dict.fromkeys(business_central_customer.API_FIELDS, "")
    return {
        **blank, "id": key, "number": f"N-{key}", "displayName": name, "email": email, "type": "Person",
        "@odata.etag": f'W/"{key}"', "lastModifiedDateTime": "2026-01-01T00:00:00Z", **properties,
    }  # fmt: skip


def webstore(records: Sequence[Mapping[str, Any]], rules: Terms) -> Extract:
    """An extract of the webstore."""
    return extract_of(Side.WEBSTORE, webstore_customer.columns(records, rules.rules), rules)


def business_central(records: Sequence[Mapping[str, Any]], rules: Terms) -> Extract:
    """An extract of Business Central."""
    return extract_of(Side.BUSINESS_CENTRAL, business_central_customer.columns(records, rules.rules), rules)


def mapping(*rows: tuple[str, int | None, bool]) -> pd.DataFrame:
    """Mapping rows (Business Central id, webstore id, ticked)."""
    return pd.DataFrame(
        {
            "bc_id": pd.array([row[0] for row in rows], dtype="string"),
            "bc_number": pd.array([f"N-{row[0]}" for row in rows], dtype="string"),
            "webstore_id": pd.array([row[1] for row in rows], dtype="Int64"),
            "webstore_customer": pd.array([row[2] for row in rows], dtype="bool"),
        }
    )


def bases(*rows: tuple[str, int, Mapping[str, str], Mapping[str, str]]) -> pd.DataFrame:
    """Bases (Business Central id, webstore id, webstore values, Business Central values) as the store gives them."""

    def hashed(values: Mapping[str, str]) -> str:
        return fingerprint(
            None if rule.field not in values else NORMALIZERS[rule.normalizer](values[rule.field])
            for rule in RULES.fields.rules
        )

    return pd.DataFrame(
        [
            (bc_id, key, orjson.dumps(dict(w)).decode(), orjson.dumps(dict(c)).decode(), hashed(w), hashed(c))
            for bc_id, key, w, c in rows
        ],
        columns=["bc_id", "webstore_id", "webstore", "business_central", "webstore_hash", "business_central_hash"],
    )


def values(extract: Extract, row: int = 0) -> dict[str, str]:
    """Canonical values of one customer of an extract."""
    found: dict[str, str] = {k: v for k, v in extract.canonical.to_pylist()[row].items() if k in RULES.fields.names}
    return found


def planned(
    accounts: Sequence[Mapping[str, Any]],
    customers: Sequence[Mapping[str, Any]],
    rows: pd.DataFrame | None = None,
    base: pd.DataFrame | None = None,
    rules: Terms | None = None,
    **known: Any,
) -> Plan:
    """The plan for these customers."""
    rules = rules or terms()
    stored = bases() if base is None else base
    return compare(
        webstore(accounts, rules),
        business_central(customers, rules),
        Known(
            mapping=mapping() if rows is None else rows,
            base_hashes=stored,
            read_bases=lambda ids: stored[stored["bc_id"].isin(list(ids))],
            **known,
        ),
        rules,
    )
