"""Values as both systems can represent them, so that a round trip never ping-pongs.

Two steps, kept apart:

*clean* makes a canonical value, fit to be shown and to be written: control characters out, blanks folded and trimmed
(Business Central trims, WooCommerce folds blanks in account names but keeps them in addresses).
*key* makes what is compared: letter case of e-mails and codes, Unicode composition, characters that nobody sees
(characters.py), the look of phone numbers, blanks in postal codes. A key never depends on another field; what does (a
national phone number) is settled in national_numbers.py.

Columns are normalised once per distinct value (`by_unique`): a million customers live in few cities.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from html.entities import name2codepoint

import pyarrow as pa
import pyarrow.compute as pc

from connector.core import plain_text, typed_values
from connector.core.characters import settled, without_invisible, without_strays
from connector.core.mail_address import addresses_in, canonical_address

__all__ = [
    "CANONICAL",
    "NORMALIZERS",
    "by_unique",
    "clean",
    "clean_code",
    "clean_email",
    "email_key",
    "email_keys",
    "fingerprint",
    "key_columns",
    "row_hashes",
    "unescape",
]

# C0 and C1 controls that are not blanks
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_BLANKS = re.compile(r"\s+")
_SEEN = re.compile(r"[\w!-~]")
# below so many values a kernel's preparation takes longer than the function itself
_FEW = 64
# between the keys of one customer, and in place of a key that is not there; neither is left in a canonical value
_BETWEEN, _NO_KEY = "\x1f", "\x00"
# blanks, and what shows as none at the end of a pasted text: zero-width space, word joiner, byte order mark
_AROUND = " \u200b\u2060\ufeff"
_POSTCODE_LOOK = re.compile(r"[\s\-‐-―]+")
_VAT_LOOK = re.compile(r"[\s.\-/‐-―]+")
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_DIGIT = re.compile(r"[0-9]")
# +49 (0)30: the trunk zero is not dialled from abroad; in Italy and its enclaves it is
_TRUNK_ZERO = re.compile(r"^(\+(?!39|37[89])[\d\s]*)\(0\)")
_ENTITY = re.compile(r"&(?:#0*(\d{1,7})|#[xX]0*([0-9A-Fa-f]{1,6})|([A-Za-z]{2,8}\d{0,2}));")
_NAMED = {"apos": "'"} | {name: chr(point) for name, point in name2codepoint.items()}
_CHARACTERS = (range(9, 11), range(13, 14), range(0x20, 0xD800), range(0xE000, 0xFFFE), range(0x10000, 0x110000))


def clean(value: str) -> str:
    """Fold every run of blanks (tabs, line ends, no-break spaces) to one, trim, drop control characters.

    A text of which nothing can be seen is blank.
    """
    if value.isascii() and value.isprintable() and "  " not in value:
        return value.strip()
    cleaned = _BLANKS.sub(" ", _CONTROL.sub("", value)).strip(_AROUND)
    return cleaned if _SEEN.search(cleaned) or without_strays(cleaned).strip() else ""


def clean_code(value: str) -> str:
    """`clean` for codes and numbers, of which characters that nobody sees are never a part."""
    cleaned = clean(value)
    return cleaned if cleaned.isascii() else clean(without_invisible(cleaned))


def clean_email(value: str) -> str:
    """The first address of a field that may hold several, separated by `;` or `,`, as a mail server takes it."""
    if value.isascii() and ";" not in value and "," not in value:
        return clean(value)
    cleaned = (canonical_address(clean(piece)) for piece in addresses_in(value))
    return next((address for address in cleaned if address), "")


def unescape(value: str) -> str:
    """A text whose HTML entities are characters again: those that WordPress knows, and only with their semicolon."""
    return _ENTITY.sub(_character, value) if "&" in value else value


def _character(entity: re.Match[str]) -> str:
    decimal, hexadecimal, name = entity.groups()
    if name:
        return _NAMED.get(name, entity.group())
    point = int(decimal) if decimal else int(hexadecimal, 16)
    fits = any(point in span for span in _CHARACTERS)
    return chr(point) if fits else entity.group()


def text_key(value: str) -> str:
    """Text is compared composed (NFC) and as it is read: `é` typed as one or as two characters is the same."""
    cleaned = clean(value)
    if cleaned.isascii():
        return cleaned
    composed = unicodedata.normalize("NFC", cleaned)
    seen = without_strays(composed)
    return composed if seen == composed else unicodedata.normalize("NFC", clean(seen))


def code_key(value: str) -> str:
    """Codes are compared in upper case, since Business Central upper-cases them, and full-width letters are letters."""
    code = clean_code(value)
    return code.upper() if code.isascii() else settled(_upper, code.upper())


def _upper(text: str) -> str:
    return clean_code(text).upper()


def postcode_key(value: str) -> str:
    """Postal codes are compared without blanks and hyphens: WooCommerce's checkout puts them where the country has them."""
    code = code_key(value)
    return _POSTCODE_LOOK.sub("", code) or code


def vat_key(value: str) -> str:
    """VAT numbers are compared without blanks, dots, hyphens and slashes."""
    code = code_key(value)
    return _VAT_LOOK.sub("", code) or code


def email_key(value: str) -> str:
    """E-mails are compared without case: WooCommerce refuses a change of case alone."""
    address = clean_email(value)
    return address.lower() if address.isascii() else settled(_small_address, address.lower())


def _small_address(text: str) -> str:
    return clean_email(text.lower())


def email_keys(value: str) -> list[str]:
    """The keys of all addresses of a field, in their order, none of them blank."""
    keys = (email_key(piece) for piece in addresses_in(value))
    return [key for key in keys if key]


def phone_key(value: str) -> str:
    """Phone numbers are compared by digits and letters (`ext`), with `+` for a leading `+` or `00`.

    A text without any digit is compared as it is: it is no number, but it is not blank either.
    """
    number = clean_code(value).casefold()
    if not number.isascii():
        number = unicodedata.normalize("NFKC", number).casefold()
        number = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in number).strip()
    if number.startswith("00"):
        number = "+" + number[2:]
    if "(0)" in number:
        number = _TRUNK_ZERO.sub(r"\1", number)
    digits = _NOT_ALPHANUMERIC.sub("", number)
    if not _DIGIT.search(digits):
        return text_key(clean_code(value))
    return "+" + digits if number.startswith("+") else digits


def _typed(spell: Callable[[str], str]) -> Callable[[str], str]:
    return lambda value: spell(clean(value))


_TYPED = {name: _typed(spell) for name, spell in typed_values.CANONICAL.items()}
NORMALIZERS: dict[str, Callable[[str], str]] = {
    "text": text_key,
    "code": code_key,
    "postcode": postcode_key,
    "email": email_key,
    "phone": phone_key,
    "country": code_key,
    "state": code_key,
    "vat": vat_key,
    "option": code_key,
    **_TYPED,
}
# how a text becomes a canonical value; countries, states and options need more than the text
CANONICAL: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(NORMALIZERS, clean_code),
    "text": clean,
    "email": clean_email,
    **_TYPED,
}


_KERNELS: dict[Callable[[str], str], plain_text.Plain] = {
    clean: plain_text.SAME,
    clean_code: plain_text.SAME,
    text_key: plain_text.SAME,
    code_key: plain_text.UPPER,
    postcode_key: plain_text.POSTCODE,
    vat_key: plain_text.VAT,
    phone_key: plain_text.PHONE,
    clean_email: plain_text.FIRST_EMAIL,
    email_key: plain_text.EMAIL,
}


def by_unique(
    column: pa.ChunkedArray | pa.Array, function: Callable[[str], str], kernel: plain_text.Plain | None = None
) -> pa.Array:
    """Apply a text function to a column: by a kernel where one knows the result, else once per distinct value.

    Args:
        kernel: of a function that is not one of this module's; they have theirs.

    Returns:
        The results in order; nulls stay null.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    known = kernel or _KERNELS.get(function)
    if known is None or len(array) < _FEW:
        return _by_unique(array, function)
    plainly = pc.fill_null(known.holds(array), True)
    result = known.kernel(array)
    if pc.all(plainly, min_count=0).as_py():
        return result
    odd = pc.invert(plainly)
    return pc.replace_with_mask(result, odd, _by_unique(array.filter(odd), function))


def _by_unique(array: pa.Array, function: Callable[[str], str]) -> pa.Array:
    encoded = pc.dictionary_encode(array)
    mapped = pa.array([function(value) for value in encoded.dictionary.to_pylist()], type=pa.large_string())
    return pc.take(mapped, encoded.indices)


def key_columns(table: pa.Table, normalizers: Mapping[str, str]) -> pa.Table:
    """Comparison keys of canonical columns.

    Args:
        table: one row per customer, one canonical text column per key of `normalizers`.
        normalizers: canonical field → name of its normaliser.
    """
    return pa.table({field: by_unique(table[field], NORMALIZERS[name]) for field, name in normalizers.items()})


def row_hashes(keys: pa.Table) -> list[str]:
    """A fingerprint for each row of comparison keys: equal if, and for practical purposes only if, all keys are."""
    columns = [column.combine_chunks() for column in keys.columns]
    separator = pa.scalar(_BETWEEN, pa.large_string())
    joined = pc.binary_join_element_wise(*columns, separator, null_handling="replace", null_replacement=_NO_KEY)
    return [_digest(text) for text in joined.to_pylist()]


def fingerprint(keys: Iterable[str | None]) -> str:
    """16 hex digits for the keys of one customer in the order of the field map; None (no base) differs from blank."""
    return _digest(_BETWEEN.join(_NO_KEY if key is None else key for key in keys))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
