"""Composing and splitting are inverse on what they accept, in every culture."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core import webstore_customer
from connector.core.names import Culture, compose, split
from connector.core.normalize import clean
from connector.rules import load_rules
from tests.property import texts

FIELDS = load_rules().fields
CULTURES = FIELDS.cultures
cultures = st.sampled_from(("", "DE", "ES", "PT", "HU", "JP", "CN")).map(CULTURES.of)


@given(texts.words, texts.words, texts.words, cultures)
def test_composing_a_split_name_gives_the_name(name: str, first: str, last: str, culture: Culture) -> None:
    assert compose(*split(name, first, last, culture), culture) == clean(name)


@given(texts.words, texts.words, cultures)
def test_splitting_a_composed_name_gives_back_both_names(first: str, last: str, culture: Culture) -> None:
    first, last = clean(first), clean(last)
    assert split(compose(first, last, culture), first, last, culture) == (first, last)


@given(texts.names, texts.names, texts.names, cultures)
def test_a_changed_first_name_leaves_the_last_name_as_it_was(
    first: str, changed: str, last: str, culture: Culture
) -> None:
    # where several given names are the rule of one side, a single surname may have got a second one instead
    if culture.surnames == 2 and " " not in last:
        return
    assert split(compose(changed, last, culture), first, last, culture) == (changed, last)


@pytest.mark.parametrize("name", ["", " ", "Ann", "王"])
def test_a_name_of_one_word_or_none_is_kept(name: str) -> None:
    assert "".join(split(name)) == clean(name)


parts = st.one_of(st.sampled_from(("", " ", "0", "Ann", "Berg &amp; Co", "Lee, Bo", "王", "\x00")), texts.names)
rows = st.tuples(parts, parts, parts, parts, parts, st.sampled_from(("", "DE", "HU", "JP", "CN")))


@given(st.lists(rows, max_size=8), st.booleans())
def test_a_column_of_names_says_of_each_customer_what_is_said_of_him_alone(
    customers: list[tuple[str, ...]], many: bool
) -> None:
    columns = (
        "billing.company",
        "first_name",
        "last_name",
        "billing.first_name",
        "billing.last_name",
        "billing.country",
    )
    some = [dict(zip(columns, row, strict=True)) for row in customers] * (64 if many else 1)
    table = pa.table({name: pa.array([row[name] for row in some], pa.large_string()) for name in columns})
    alone = [webstore_customer.name_as_in(row, FIELDS, row["billing.country"]) for row in some]
    assert webstore_customer.names(table, FIELDS).to_pylist() == alone
