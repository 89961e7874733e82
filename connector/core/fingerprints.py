"""Fingerprints of records as the APIs gave them, so that a customer whom nobody touched is known by one comparison.

A record that reads word for word as it did when it was last found to hold its base need not be read again: what its texts
mean (webstore_customer.canonical and its sibling) depends on them, on the rules and on nothing else. So the fingerprint of a
record is keyed by all that the meaning depends on; other rules, other countries, other fields give other fingerprints, and
every record is read anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.customer import FieldRules
from connector.core.geography import Geography

__all__ = ["READING", "raw_fingerprints", "reading_key"]

_Numbers = np.ndarray[Any, np.dtype[np.uint64]]

# how texts are read; to be raised when the same texts mean something else (tests/unit/core/test_fingerprints.py notices)
READING = 1
# who it is, and when it was written: no part of what is said of the customer
_NOT_SAID = frozenset(
    {"webstore_id", "bc_id", "modified", "lastModifiedDateTime", "etag", "malformed", "meta_known", "role", "username"}
)
_BETWEEN, _NO_TEXT = "\x1f", "\x00"
# the lengths of a record's texts tell apart what joins to the same text; weighted with powers of an odd number
_WEIGHT = 0x9E3779B97F4A7C15
_ROWS_AT_ONCE = 65_536


def reading_key(rules: FieldRules, geography: Geography) -> str:
    """16 hex digits of everything besides the record that its canonical values depend on."""
    fields = [
        (rule.field, rule.webstore, rule.business_central, rule.normalizer, list(rule.options)) for rule in rules.rules
    ]
    countries = sorted(geography.company_countries)
    text = repr((READING, rules.digest, fields, list(rules.vat_keys), countries))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def raw_fingerprints(raw: pa.Table, key: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """One number for each record: equal if, and for practical purposes only if, all its texts are.

    Args:
        raw: one row per record, columns as the module of its side makes them.
        key: as `reading_key` gives it.
    """
    names = sorted(name for name in raw.column_names if name not in _NOT_SAID)
    result = np.zeros(raw.num_rows, dtype=np.uint64)
    columns = [_whole(raw[name]).cast(pa.large_string()) for name in names]
    for start in range(0, raw.num_rows, _ROWS_AT_ONCE):
        part = [column.slice(start, _ROWS_AT_ONCE) for column in columns]
        result[start : start + _ROWS_AT_ONCE] = _hashed(part, key) + _lengths(part)
    return result.view(np.int64)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """One array; a column that is one already would be copied by combine_chunks."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _hashed(columns: Sequence[pa.Array], key: str) -> _Numbers:
    separator = pa.scalar(_BETWEEN, pa.large_string())
    joined = pc.binary_join_element_wise(*columns, separator, null_handling="replace", null_replacement=_NO_TEXT)
    texts = joined.cast(pa.large_binary()).to_numpy(zero_copy_only=False)
    # SipHash, whose result is documented to stay the same; Python's own hash differs from process to process
    hashed: _Numbers = pd.util.hash_array(texts, hash_key=key, categorize=False)
    return hashed


def _lengths(columns: Sequence[pa.Array]) -> _Numbers:
    result = np.zeros(len(columns[0]), dtype=np.uint64)
    weight = _WEIGHT
    for column in columns:
        lengths = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
        result += lengths.astype(np.uint64) * np.uint64(weight)
        weight = weight * _WEIGHT % 2**64
    return result
