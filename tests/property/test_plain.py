"""The kernels for plain texts give what the functions give, for every text and in columns of any mixture."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core import normalize, plain_text
from connector.core.normalize import by_unique
from connector.core.webstore_customer import account_text
from tests.property.texts import PIECES, any_text, emails, names, phones, postcodes, vat_numbers

FUNCTIONS: dict[str, tuple[Callable[[str], str], plain_text.Plain | None]] = {
    "clean": (normalize.clean, None),
    "text": (normalize.text_key, None),
    "code": (normalize.code_key, None),
    "postcode": (normalize.postcode_key, None),
    "vat": (normalize.vat_key, None),
    "phone": (normalize.phone_key, None),
    "first e-mail": (normalize.clean_email, None),
    "e-mail": (normalize.email_key, None),
    "account": (account_text, plain_text.ACCOUNT_TEXT),
}
ASCII = st.text(st.characters(max_codepoint=127), max_size=12)
texts = st.one_of(
    any_text, emails, names, phones, postcodes, vat_numbers, ASCII, st.sampled_from(("0", "00", "+", "(0)"))
)


def columns(values: list[str | None]) -> list[pa.Array | pa.ChunkedArray]:
    """More values than the kernels are spared for: alone, cut out of a longer column, and in two chunks."""
    some = pa.array([*values, *["Plain text"] * 64], type=pa.large_string())
    longer = pa.concat_arrays([pa.array(["\x00", None, " odd "], type=pa.large_string()), some])
    return [some, longer.slice(3), pa.chunked_array([some.slice(0, 3), some.slice(3)])]


@pytest.mark.parametrize("name", FUNCTIONS)
@given(values=st.lists(st.one_of(st.none(), texts), max_size=8))
def test_a_kernel_gives_what_its_function_gives(name: str, values: list[str | None]) -> None:
    function, kernel = FUNCTIONS[name]
    wanted = [None if value is None else function(value) for value in values]
    for column in columns(values):
        assert by_unique(column, function, kernel).to_pylist()[: len(values)] == wanted


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_kernel_is_right_for_every_pair_of_ascii_characters_and_every_piece(name: str) -> None:
    function, kernel = FUNCTIONS[name]
    characters = [chr(point) for point in range(128)]
    values = [a + b for a in characters for b in characters]
    values += [f"a{c}b" for c in characters] + [f"{p}{q}" for p in PIECES for q in ("", "1", " x")]
    assert by_unique(pa.array(values, type=pa.large_string()), function, kernel).to_pylist() == list(
        map(function, values)
    )
