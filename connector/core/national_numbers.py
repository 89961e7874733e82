"""What two values mean in the customer's country: national phone numbers, VAT numbers without their country, names of states.

`030 1234567` and `+49 30 1234567` are one number for a customer in Germany. This cannot be part of a key (normalize.py): the
country is another field, and a change of it would look like a change of the phone number. So it is settled row by row,
where the keys of a pair are put beside each other, and only there where they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.geography import Geography
from connector.core.normalize import code_key
from connector.core.vat import without_country

__all__ = ["international_phone", "same_in_the_country"]


def international_phone(key: str, country: str) -> str:
    """The E.164 form of a phone key, with its extension; the key itself where it is no possible number."""
    try:
        number = phonenumbers.parse(key, country or None)
    except phonenumbers.NumberParseException:
        return key
    if not phonenumbers.is_possible_number(number):
        return key
    extension = f"ext{number.extension}" if number.extension else ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) + extension


_MEANINGS: dict[str, Callable[[str, str], str]] = {"phone": international_phone, "vat": without_country}


def same_in_the_country(
    sides: Sequence[pa.Table],
    normalizers: Mapping[str, str],
    countries: Sequence[pa.Array | pa.ChunkedArray],
    geography: Geography,
) -> list[pa.Table]:
    """Key tables of the same pairs in which values that mean the same have got the same key.

    Args:
        sides: one row per pair, one key column per field; null = no value (a missing base).
        normalizers: canonical field → name of its normaliser.
        countries: ISO codes by pair, for the webstore's values and for Business Central's; "" = unknown, then the other
            side's is taken. `sides` alternate: webstore, Business Central, base of the webstore, of Business Central.
    """

    def state(key: str, country: str) -> str:
        return code_key(geography.state_code(country, key))

    meanings = {**_MEANINGS, "state": state}
    result = list(sides)
    for field, name in normalizers.items():
        if name in meanings:
            columns = _same_meaning([side[field] for side in sides], meanings[name], countries)
            result = [
                side.set_column(side.column_names.index(field), field, column)
                for side, column in zip(result, columns, strict=True)
            ]
    return result


def _same_meaning(
    columns: Sequence[pa.ChunkedArray], meaning: Callable[[str, str], str], countries: Sequence[pa.Array]
) -> list[pa.Array]:
    """The columns, with the keys of the rows that differ brought to their meaning."""
    differs = np.zeros(len(columns[0]), dtype=bool)
    for column in columns[1:]:
        differs |= pc.fill_null(pc.not_equal(columns[0], column), False).to_numpy().astype(bool)
    rows = np.flatnonzero(differs)
    if not len(rows):
        return [column.combine_chunks() for column in columns]
    own, other = (countries[side].take(pa.array(rows)).to_pylist() for side in (0, 1))
    done = []
    for side, column in enumerate(columns):
        values = column.to_numpy(zero_copy_only=False).astype(object)
        places = (own, other) if side % 2 == 0 else (other, own)
        values[rows] = [
            value if value is None else meaning(value, mine or theirs or "")
            for value, mine, theirs in zip(values[rows], *places, strict=True)
        ]
        done.append(pa.array(values, type=pa.large_string(), from_pandas=True))
    return done
