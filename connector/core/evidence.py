"""Evidence by which two unmapped customers are recognised as the same: the values that a rung of the ladder compares.

Everything here works on whole columns, because uniqueness counts all customers of both sides, the linked ones too. The one
dear piece, E.164 phone numbers, is worked out only for customers whose name and last digits occur on both sides.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from connector.core import vat
from connector.core.normalize import by_unique, clean_code, code_key, email_key, postcode_key, text_key, vat_key
from connector.core.text_bytes import has_any, numbers, only

__all__ = ["COMPARED", "FIELDS", "RUNGS", "evidence_of", "loose", "phone_tails", "rung_keys"]

# what a customer is compared by, in the order in which people read it
FIELDS = ("name", "email", "phone", "country", "postcode", "house", "vat")
# rung → the fields that must all be there and all be equal
RUNGS: dict[str, tuple[str, ...]] = {
    "vat": ("vat",),
    "email": ("email",),
    "phone_name": ("phone", "name"),
    "name_postcode": ("name", "postcode", "country"),
    "name": ("name",),
}
# the fields of the rules that are looked at for it
COMPARED = frozenset({"name", "email", "phone", "country", "postcode", "address_1", "vat", "vat_number"})
_JOINT = "\x1f"
_SHORTEST_VAT = 6
_EXTENSION, _MAY_BE_EXTENDED = r"(?i)\s*(ext|x|#|;).*$", "[xX#;]"


def evidence_of(canonical: pa.Table) -> pa.Table:
    """What can be compared of canonical customers.

    Args:
        canonical: one row per customer: an id column, then one text column per field of the rules. A field that the rules
            lack is no evidence; a VAT number may be called `vat` or `vat_number`.

    Returns:
        The same rows in the same order: the id column, then FIELDS, each a text that is "" when it is no evidence: names
        and e-mails without letter case, phone numbers as they are (see `e164`), postal codes without blanks and hyphens,
        of the street the numbers only (`house`), VAT numbers with their country's prefix.
    """
    country = by_unique(_column(canonical, "country"), code_key)
    number = _column(canonical, "vat_number" if "vat_number" in canonical.column_names else "vat")
    return pa.table(
        {
            canonical.column_names[0]: _flat(canonical.column(0)),
            "name": _name_keys(_column(canonical, "name")),
            "email": by_unique(_column(canonical, "email"), email_key),
            "phone": by_unique(_column(canonical, "phone"), clean_code),
            "country": country,
            "postcode": by_unique(_column(canonical, "postcode"), postcode_key),
            "house": numbers(_column(canonical, "address_1")),
            "vat": _vat_keys(number, country),
        }
    )


def rung_keys(evidence: pa.Table, rung: str) -> pa.Array:
    """One text per customer: what this rung compares, the fields of the rung joined; "" when one of them is blank."""
    columns = [_flat(evidence[field]) for field in RUNGS[rung]]
    if len(columns) == 1:
        return columns[0]
    joined = pc.binary_join_element_wise(*columns, pa.scalar(_JOINT, pa.large_string()))
    whole = pc.not_equal(columns[0], "")
    for column in columns[1:]:
        whole = pc.and_(whole, pc.not_equal(column, ""))
    return pc.if_else(whole, joined, pa.scalar("", pa.large_string()))


def loose(evidence: pa.Table) -> pa.Table:
    """Evidence with phone numbers by their last digits: equal, if the numbers are."""
    tails = phone_tails(_flat(evidence["phone"]))
    return evidence.set_column(evidence.column_names.index("phone"), "phone", tails)


def phone_tails(phones: pa.Array) -> pa.Array:
    """The last seven digits of phone numbers: equal, if the numbers are, however they are written."""
    if has_any(phones, _MAY_BE_EXTENDED):
        extended = pc.match_substring_regex(phones, _MAY_BE_EXTENDED)
        phones = pc.if_else(extended, pc.replace_substring_regex(phones, _EXTENSION, ""), phones)
    return pc.utf8_slice_codeunits(only(phones, "[0-9]"), start=-7)


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _column(table: pa.Table, name: str) -> pa.Array:
    if name not in table.column_names:
        return pa.repeat(pa.scalar("", pa.large_string()), table.num_rows)
    return pc.utf8_trim_whitespace(_flat(table[name]).cast(pa.large_string()))


def _name_keys(names: pa.Array) -> pa.Array:
    """Identical names are those that differ in letter case, Unicode composition and unseen characters at most."""
    keys = by_unique(names, text_key)
    odd = pc.invert(pc.string_is_ascii(keys))
    lower = pc.utf8_lower(pc.utf8_normalize(keys.filter(odd), form="NFKC"))
    folded = pc.replace_substring(pc.replace_substring(lower, "ß", "ss"), "ς", "σ")
    return pc.replace_with_mask(pc.ascii_lower(keys), odd, folded)


def _vat_keys(written: pa.Array, countries: pa.Array) -> pa.Array:
    """VAT numbers with their country's prefix; what is too short or says nothing (000000) is no evidence."""
    there = pc.not_equal(written, "")
    found = _prefixed(written.filter(there), countries.filter(there))
    return pc.replace_with_mask(written, there, found)


def _prefixed(written: pa.Array, countries: pa.Array) -> pa.Array:
    bare = by_unique(written, vat_key)
    if has_any(bare, "[^0-9A-Z]"):
        bare = pc.replace_substring_regex(bare, r"[^\p{L}\p{N}]", "")
    bare = pc.replace_substring_regex(bare, vat.ENDINGS, r"\1")
    for pattern, prefix in vat.SAME_PREFIXES.items():
        if pc.any(pc.match_substring_regex(bare, pattern), min_count=0).as_py():
            bare = pc.replace_substring_regex(bare, pattern, prefix)
    digits = only(bare, "[0-9]")
    telling = pc.and_(
        pc.greater_equal(pc.utf8_length(digits), _SHORTEST_VAT),
        pc.invert(pc.match_substring_regex(digits, r"^(0+|1+|9+|123456(7(8(90?)?)?)?)$")),
    )
    prefixes = countries
    for country, prefix in vat.OWN.items():
        prefixes = pc.if_else(pc.equal(countries, country), pa.scalar(prefix, pa.large_string()), prefixes)
    begins = pc.equal(pc.utf8_slice_codeunits(bare, start=0, stop=2), pc.utf8_slice_codeunits(prefixes, 0, 2))
    others = pc.invert(begins)
    begins = pc.replace_with_mask(begins, others, pc.match_substring_regex(bare.filter(others), vat.FOREIGN))
    prefixed = pc.binary_join_element_wise(prefixes, bare, pa.scalar("", pa.large_string()))
    return pc.if_else(telling, pc.if_else(begins, bare, prefixed), pa.scalar("", pa.large_string()))
