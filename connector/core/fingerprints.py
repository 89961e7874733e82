"""Fingerprints of records as the APIs gave them, so that a customer whom nobody touched is known by one comparison.

A record that reads word for word as it did when it was last found to hold its base need not be read again: what its texts
mean (webstore_customer.canonical and its sibling) depends on them, on the rules and on nothing else. So the fingerprint of a
record is keyed by all that the meaning depends on, and by the engine that makes it; other rules, other countries, other
fields, another version of the engine give other fingerprints, and every record is read anew.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa

from connector.core.column_lookup import ENGINE, hashes_of_rows
from connector.core.customer import FieldRules
from connector.core.geography import Geography

__all__ = ["READING", "raw_fingerprints", "reading_key"]

# how texts are read; to be raised when the same texts mean something else (tests/unit/core/test_fingerprints.py notices)
READING = 3
# when it was written, and by what name: no part of what is said of the customer. The marks of an account (identity.py) are
# part of it, so that an account that became somebody else's is never known
_NOT_SAID = frozenset(
    {"webstore_id", "bc_id", "modified", "lastModifiedDateTime", "etag", "malformed", "meta_known", "role"}
)


def reading_key(rules: FieldRules, geography: Geography) -> str:
    """16 hex digits of everything besides the record that its canonical values depend on."""
    fields = [
        (rule.field, rule.webstore, rule.business_central, rule.normalizer, list(rule.options)) for rule in rules.rules
    ]
    countries = sorted(geography.company_countries)
    page = [rules.page] if rules.page else []
    text = repr((READING, ENGINE, rules.digest, fields, list(rules.vat_keys), countries, *page))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def raw_fingerprints(raw: pa.Table, key: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """One number for each record: equal if, and for practical purposes only if, all its texts are.

    Args:
        raw: one row per record, columns as the module of its side makes them.
        key: as `reading_key` gives it.
    """
    return hashes_of_rows([raw[name] for name in sorted(raw.column_names) if name not in _NOT_SAID], key)
