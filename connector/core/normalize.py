"""Values as both systems can represent them, so that a round trip never ping-pongs.

Two steps, kept apart:

*clean* makes a canonical value, fit to be shown and to be written: control characters out, blanks folded and trimmed
(Business Central trims, WooCommerce folds blanks in account names but keeps them in addresses).
*key* makes what is compared: letter case of e-mails and codes, Unicode composition, the look of phone numbers.

Columns are normalised once per distinct value (`by_unique`): a million customers live in few cities.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["NORMALIZERS", "by_unique", "clean", "clean_email", "fingerprint", "key_columns", "row_hashes"]

# C0 and C1 controls that are not blanks
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_BLANKS = re.compile(r"\s+")
_NOT_DIGIT = re.compile(r"\D")
_SEVERAL = re.compile(r"[;,]")


def clean(value: str) -> str:
    """Fold every run of blanks (tabs, line ends, no-break spaces) to one, trim, drop control characters."""
    if value.isascii() and value.isprintable() and "  " not in value:
        return value.strip()
    return _BLANKS.sub(" ", _CONTROL.sub("", value)).strip()


def clean_email(value: str) -> str:
    """The first address of a field that may hold several, separated by `;` or `,`."""
    return next((part for part in (clean(piece) for piece in _SEVERAL.split(value)) if part), "")


def text_key(value: str) -> str:
    """Text is compared composed (NFC): `é` typed as one or as two characters is the same."""
    return unicodedata.normalize("NFC", clean(value))


def code_key(value: str) -> str:
    """Codes and postal codes are compared in upper case: Business Central upper-cases them."""
    return text_key(value).upper()


def email_key(value: str) -> str:
    """E-mails are compared without case: WooCommerce refuses a change of case alone."""
    return clean_email(value).lower()


def phone_key(value: str) -> str:
    """Phone numbers are compared by their digits, with `+` for a leading `+` or `00`."""
    number = clean(value)
    digits = _NOT_DIGIT.sub("", number)
    if number.startswith("+"):
        return "+" + digits
    return "+" + digits[2:] if digits.startswith("00") else digits


NORMALIZERS: dict[str, Callable[[str], str]] = {
    "text": text_key,
    "code": code_key,
    "email": email_key,
    "phone": phone_key,
    "country": code_key,
    "state": code_key,
}


def by_unique(column: pa.ChunkedArray | pa.Array, function: Callable[[str], str]) -> pa.Array:
    """Apply a text function to a column, once per distinct value. Nulls stay null."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded = pc.dictionary_encode(array)
    mapped = pa.array([function(value) for value in encoded.dictionary.to_pylist()], type=pa.large_string())
    return pc.take(mapped, encoded.indices)


def key_columns(table: pa.Table, normalizers: dict[str, str]) -> pa.Table:
    """Comparison keys of canonical columns.

    Args:
        table: one row per customer, one canonical text column per key of `normalizers`.
        normalizers: canonical field → name of its normaliser.
    """
    return pa.table({field: by_unique(table[field], NORMALIZERS[name]) for field, name in normalizers.items()})


def row_hashes(keys: pa.Table) -> list[str]:
    """A fingerprint for each row of comparison keys: equal if, and for practical purposes only if, all keys are."""
    columns = [column.to_pylist() for column in keys.columns]
    return [fingerprint(values) for values in zip(*columns, strict=True)]


def fingerprint(keys: Iterable[str | None]) -> str:
    """16 hex digits for the keys of one customer in the order of the field map; None (no base) differs from blank."""
    text = "\x1f".join("\x00" if key is None else key for key in keys)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
