"""Composing and splitting are inverse on what they accept, in every culture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.names import Culture, compose, split
from connector.core.normalize import clean
from connector.rules import load_rules
from tests.property import texts

CULTURES = load_rules().fields.cultures
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
